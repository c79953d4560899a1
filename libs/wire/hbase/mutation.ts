export interface Cell {
  readonly family: Buffer;
  readonly qualifier: Buffer;
  readonly value: Buffer;
}

export interface Mutation {
  readonly kind: 'put' | 'increment' | 'delete';
  readonly row: Buffer;
  /** Values of an increment are eight bytes, big endian. A delete has none: it is of the whole row. */
  readonly cells: readonly Cell[];
  /** Of the cells, ms by custom; a delete takes cells up to it. Default: the server's clock. */
  readonly timestamp?: number;
  /** False: not in the write-ahead log, lost with the server. */
  readonly durable: boolean;
  /** Of an increment: a server that has done one with this number does it no second time. */
  readonly nonce?: bigint;
}

/** About as many bytes as it takes on the wire. */
export function mutationBytes({ row, cells }: Mutation): number {
  let bytes = row.length + 24;
  for (const cell of cells) bytes += cell.qualifier.length + cell.value.length + 12;
  return bytes;
}
