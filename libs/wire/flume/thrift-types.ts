/** Types of values, message kinds and reasons, by the numbers that the binary protocol has for them. */
export const thriftType = {
  stop: 0,
  bool: 2,
  byte: 3,
  double: 4,
  i16: 6,
  i32: 8,
  i64: 10,
  binary: 11,
  struct: 12,
  map: 13,
  set: 14,
  list: 15,
} as const;

/** The compact protocol's number of each type, at the binary protocol's number of it; 0 where there is none. Booleans have two. */
export const compactOfType: readonly number[] = [0, 0, 1, 3, 7, 0, 4, 0, 5, 0, 6, 8, 12, 11, 10, 9];

/** The other way round. */
export const typeOfCompact: readonly number[] = [0, 2, 2, 3, 6, 8, 10, 4, 11, 15, 14, 13, 12];

export const messageKind = { call: 1, reply: 2, exception: 3, oneway: 4 } as const;

/** Of a TApplicationException. */
export const failureReason = { unknown: 0, unknownMethod: 1, internalError: 6, protocolError: 7 } as const;

export type ThriftProtocolName = 'compact' | 'binary';

export interface MessageHead {
  readonly name: string;
  readonly kind: number;
  readonly sequence: number;
}

export const compactId = 0x82;
export const compactVersion = 1;
/** The upper half of the first number of a binary message. */
export const binaryVersion = 0x8001;
