/** The call `Multi` (HBase's `Client.proto`): mutations of several regions of one server, and what became of each. */
import { BackwardProto } from './backward-proto.js';
import { HBaseError, hbaseErrors, remoteError } from './hbase-errors.js';
import { mutationBytes, type Mutation } from './mutation.js';
import { ProtoCursor, ProtoFields } from './protobuf.js';

export interface RegionMutations {
  /** As requests name it. */
  readonly region: Buffer;
  /** Positions in the list of mutations, rising. */
  readonly indexes: readonly number[];
}

const mutationTypes = { increment: 1, put: 2, delete: 3 } as const;
const skipWal = 1;
const byRegionName = 1;

export function encodeMulti(
  regions: readonly RegionMutations[],
  mutations: readonly Mutation[],
  nonceGroup: bigint | null,
): Buffer {
  let capacity = 64;
  for (const { region, indexes } of regions) {
    capacity += region.length + 16;
    for (const index of indexes) {
      const mutation = mutations[index];
      if (mutation !== undefined) capacity += mutationBytes(mutation) + 24;
    }
  }
  const proto = new BackwardProto(capacity);
  if (nonceGroup !== null) proto.big(2, nonceGroup);
  for (const { region, indexes } of regions.toReversed()) {
    const beforeRegion = proto.length;
    for (let at = indexes.length - 1; at >= 0; at -= 1) {
      const index = indexes[at] ?? 0;
      const mutation = mutations[index];
      if (mutation === undefined) continue;
      const beforeAction = proto.length;
      writeMutation(proto, mutation);
      proto.number(1, index);
      proto.message(3, beforeAction);
    }
    const beforeName = proto.length;
    proto.bytes(2, region);
    proto.number(1, byRegionName);
    proto.message(1, beforeName);
    proto.message(1, beforeRegion);
  }
  return proto.finish();
}

function writeMutation(proto: BackwardProto, { kind, row, cells, timestamp, durable, nonce }: Mutation): void {
  const before = proto.length;
  if (nonce !== undefined) proto.big(9, nonce);
  if (!durable) proto.number(6, skipWal);
  if (timestamp !== undefined) proto.number(4, timestamp);
  for (let at = cells.length - 1; at >= 0;) {
    const family = cells[at]?.family;
    const beforeFamily = proto.length;
    for (; at >= 0; at -= 1) {
      const cell = cells[at];
      if (cell === undefined || cell.family !== family) break;
      const beforeCell = proto.length;
      proto.bytes(2, cell.value);
      proto.bytes(1, cell.qualifier);
      proto.message(2, beforeCell);
    }
    if (family !== undefined) proto.bytes(1, family);
    proto.message(3, beforeFamily);
  }
  proto.number(2, mutationTypes[kind]);
  proto.bytes(1, row);
  proto.message(2, before);
}

/**
 * What the server did not do. A row's error has its index; one of a whole region has none. An error that all rows of a region share
 * is told once without an index: a server that cannot read one row of a region refuses them all, without saying which it was.
 */
export function failuresOf(answer: Buffer): HBaseError[] {
  const failures: HBaseError[] = [];
  for (const cursor = new ProtoCursor(answer); !cursor.isAtEnd;) {
    const key = cursor.varint();
    const value = cursor.value(key % 8);
    if (Math.floor(key / 8) === 1 && Buffer.isBuffer(value)) failures.push(...regionFailures(value));
  }
  return failures;
}

function regionFailures(result: Buffer): HBaseError[] {
  const failures: HBaseError[] = [];
  let rows = 0;
  for (const cursor = new ProtoCursor(result); !cursor.isAtEnd;) {
    const key = cursor.varint();
    const value = cursor.value(key % 8);
    if (!Buffer.isBuffer(value)) continue;
    if (key >> 3 === 2) return [remoteError('rows of a region', exceptionText(new ProtoFields(value)))];
    if (key >> 3 !== 1) continue;
    rows += 1;
    const failure = rowFailure(value);
    if (failure !== null) failures.push(failure);
  }
  const [first] = failures;
  const isOfAll = rows > 1 && failures.length === rows && first?.kind === hbaseErrors.invalid;
  if (!isOfAll || failures.some(({ message }) => message !== first.message)) return failures;
  return [new HBaseError(first.kind, `${first.message} (one of ${rows} rows of a region, or all)`)];
}

function rowFailure(bytes: Buffer): HBaseError | null {
  let index = 0;
  for (const cursor = new ProtoCursor(bytes); !cursor.isAtEnd;) {
    const key = cursor.varint();
    const value = cursor.value(key % 8);
    if (key === 8 && typeof value === 'number') index = value;
    if (key >> 3 === 3 && Buffer.isBuffer(value)) {
      return remoteError('a row', exceptionText(new ProtoFields(value)), { index });
    }
  }
  return null;
}

/** The value is the stack, which begins with the class's name; the name may be that of a wrapper. */
function exceptionText(pair: ProtoFields): string {
  return pair.text(2) ?? pair.text(1) ?? '';
}
