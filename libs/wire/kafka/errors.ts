import { MillraceError, type ErrorKind } from '#std/errors';

export const wireErrors = {
  /** The bytes end before the value they announce. */
  truncated: { code: 'wire.truncated', retriable: false, kafka: 42, http: 400 },
  /** The bytes break the format. */
  malformed: { code: 'wire.malformed', retriable: false, kafka: 42, http: 400 },
  unsupportedVersion: { code: 'wire.version.unsupported', retriable: false, kafka: 35, http: 400 },
  /** A record batch breaks its format or its checksum. */
  corruptBatch: { code: 'wire.batch.corrupt', retriable: false, kafka: 2, http: 400 },
  unsupportedCodec: { code: 'wire.codec.unsupported', retriable: false, kafka: 76, http: 400 },
  /** Compressed records inflate past the limit of the caller. */
  inflatedTooLarge: { code: 'wire.inflated.too_large', retriable: false, kafka: 10, http: 413 },
} satisfies Record<string, ErrorKind>;

/** Bytes from outside do not decode. Never thrown for values of our own that do not encode: those are assertions. */
export class WireError extends MillraceError {
  override name = 'WireError';
}
