import { MillraceError, type ErrorKind } from '#std/errors';

export const flumeWireErrors = {
  /** Bytes that are none of the protocol, or more than is allowed; the connection cannot be read on. */
  malformed: { code: 'wire.flume.malformed', retriable: false },
  /** The peer speaks the protocol but cannot be understood: another schema, an error that it answered. */
  refused: { code: 'wire.flume.refused', retriable: true },
  /** The connection ended, or no answer came in time. */
  disconnected: { code: 'wire.flume.disconnected', retriable: true },
} satisfies Record<string, ErrorKind>;

export function malformed(message: string): MillraceError {
  return new MillraceError(flumeWireErrors.malformed, message);
}
