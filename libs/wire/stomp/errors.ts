import { MillraceError, type ErrorKind } from '#std/errors';

export const stompErrors = {
  malformed: { code: 'wire.stomp.malformed', retriable: false },
  tooLarge: { code: 'wire.stomp.too-large', retriable: false },
} satisfies Record<string, ErrorKind>;

/** A peer does not keep to the protocol, or to our bounds: the connection has to end. */
export class StompError extends MillraceError {}
