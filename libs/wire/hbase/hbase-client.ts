/**
 * A client of HBase's own protocol (2.x; 1.x has the same calls): ZooKeeper names the server of `hbase:meta`, that names the servers of a
 * table's regions, and those get their rows' mutations, several in one call. No Hadoop libraries, no gateway. Simple authentication.
 *
 * A call is made once; regions that moved are forgotten, so that the next one finds them.
 */
import { messageOf } from '#std/errors';
import { HBaseError, hbaseErrors, remoteError } from './hbase-errors.js';
import { ProtoFields, type ProtoMessage } from './protobuf.js';
import { RegionCache, type Region } from './region-cache.js';
import { RpcConnection } from './rpc-connection.js';
import { readZooKeeperNode } from './zookeeper-read.js';

export interface HBaseOptions {
  /** `host:port` of each ZooKeeper. */
  readonly zooKeepers: readonly string[];
  /** `/hbase`. */
  readonly znodeParent: string;
  readonly user: string;
  readonly connectTimeoutMs?: number;
  /** Default 60,000. */
  readonly callTimeoutMs?: number;
}

export interface Cell {
  readonly family: Buffer;
  readonly qualifier: Buffer;
  readonly value: Buffer;
}

export interface Mutation {
  readonly kind: 'put' | 'increment';
  readonly row: Buffer;
  /** Values of an increment are eight bytes, big endian. */
  readonly cells: readonly Cell[];
  /** Of the cells, ms; default: the server's clock. */
  readonly timestampMs?: number;
  /** False: not in the write-ahead log, lost with the server. */
  readonly durable: boolean;
  /** Of an increment: a server that has done one with this number does it no second time. */
  readonly nonce?: bigint;
}

const mutationTypes = { put: 2, increment: 1 } as const;
const skipWal = 1;
const metaRegion = 'hbase:meta,,1';
const magic = Buffer.from('PBUF');
const connectMs = 10_000;
const callMs = 60_000;

export class HBaseClient {
  private readonly connections = new Map<string, Promise<RpcConnection>>();
  private readonly regions = new RegionCache();
  private metaServer: string | null = null;

  constructor(private readonly options: HBaseOptions) {}

  close(): void {
    for (const opening of this.connections.values()) {
      opening.then(
        (connection) => connection.close(),
        () => undefined,
      );
    }
    this.connections.clear();
  }

  /** Names of a table's column families; null where there is no such table. */
  async families(table: string): Promise<readonly string[] | null> {
    const master = await this.serverOfNode('master');
    const connection = await this.connection(master, 'MasterService');
    const answer = await connection.call('GetTableDescriptors', { 1: [tableName(table)] });
    const [schema] = answer.messages(1);
    return schema?.messages(3).map((family) => family.text(1) ?? '') ?? null;
  }

  /**
   * Applies all mutations, in order where they are of one region. Rejects when one failed; the others may have been applied. An error
   * about one row has its index.
   */
  async mutate(table: string, mutations: readonly Mutation[], nonceGroup?: bigint): Promise<void> {
    const byServer = new Map<string, Map<Region, number[]>>();
    for (const [index, mutation] of mutations.entries()) {
      const region = this.regions.find(table, mutation.row) ?? (await this.locate(table, mutation.row));
      let regions = byServer.get(region.server);
      if (regions === undefined) byServer.set(region.server, (regions = new Map()));
      const indexes = regions.get(region);
      if (indexes === undefined) regions.set(region, [index]);
      else indexes.push(index);
    }
    const calls = [...byServer].map(async ([server, regions]) => {
      const connection = await this.connection(server, 'ClientService');
      const actions = [...regions].map(([region, indexes]) => ({
        1: { 1: 1, 2: region.name },
        3: indexes.map((index) => ({ 1: index, 2: mutationOf(mutations[index]) })),
      }));
      checkResults(await connection.call('Multi', { 1: actions, 2: nonceGroup }));
    });
    const failed = (await Promise.allSettled(calls)).filter((result) => result.status === 'rejected');
    if (failed.length === 0) return;
    this.regions.forget(table);
    // A row that is refused for good says more than a server that is away.
    const reasons = failed.map(({ reason }) => reason as unknown);
    throw reasons.find((reason) => reason instanceof HBaseError && !reason.retriable) ?? reasons[0];
  }

  private async locate(table: string, row: Buffer): Promise<Region> {
    try {
      const region = await this.searchMeta(table, row);
      this.regions.add(table, region);
      return region;
    } catch (error) {
      this.metaServer = null;
      throw error;
    }
  }

  /** The last row of `hbase:meta` at or before `table,row,…`: the region that has the row begins there. */
  private async searchMeta(table: string, row: Buffer): Promise<Region> {
    this.metaServer ??= await this.serverOfNode('meta-region-server');
    const connection = await this.connection(this.metaServer, 'ClientService');
    const start = Buffer.concat([Buffer.from(`${table},`), row, Buffer.from(',99999999999999')]);
    const answer = await connection.call('Scan', {
      1: { 1: 1, 2: metaRegion },
      2: {
        1: { 1: 'info' },
        3: start,
        4: Buffer.from(`${table},,`),
        15: true,
        17: 1,
        22: true,
      },
      4: 1,
      5: true,
      11: 1,
    });
    const cells = answer.messages(5).flatMap((result) => result.messages(1));
    const valueOf = (qualifier: string): Buffer | null =>
      cells.find((cell) => cell.text(3) === qualifier)?.bytes(6) ?? null;
    const info = valueOf('regioninfo');
    const region = info === null ? null : new ProtoFields(afterMagic(info));
    const rowKey = cells[0]?.bytes(1) ?? null;
    if (region === null || rowKey === null || !isTable(region, table)) {
      throw new HBaseError(hbaseErrors.missing, `There is no HBase table ${table}.`);
    }
    const server = valueOf('server')?.toString() ?? '';
    if (server === '')
      throw new HBaseError(hbaseErrors.busy, `A region of the HBase table ${table} is on no server now.`);
    const empty = Buffer.alloc(0);
    return { name: rowKey, startKey: region.bytes(3) ?? empty, endKey: region.bytes(4) ?? empty, server };
  }

  /** `host:port` that a node of ZooKeeper names. */
  private async serverOfNode(node: string): Promise<string> {
    const { zooKeepers, znodeParent, connectTimeoutMs = connectMs } = this.options;
    const path = `${znodeParent}/${node}`;
    const data = await readZooKeeperNode({ servers: zooKeepers, timeoutMs: connectTimeoutMs }, path);
    if (data === null || data.length === 0) {
      throw new HBaseError(hbaseErrors.away, `ZooKeeper has no ${path}: is HBase down, or is znodeParent another one?`);
    }
    // A byte 0xff, the length of an identifier, the identifier; then the magic and the message.
    const server = new ProtoFields(afterMagic(data.subarray(5 + data.readUInt32BE(1)))).message(1);
    return `${server?.text(1) ?? ''}:${server?.number(2) ?? 0}`;
  }

  private async connection(server: string, service: string): Promise<RpcConnection> {
    const key = `${service}@${server}`;
    const known = this.connections.get(key);
    if (known !== undefined) {
      const connection = await known.catch(() => null);
      if (connection?.isOpen === true) return connection;
      if (this.connections.get(key) === known) this.connections.delete(key);
    }
    const at = server.lastIndexOf(':');
    const opening =
      this.connections.get(key) ??
      RpcConnection.open({
        host: server.slice(0, at),
        port: Number(server.slice(at + 1)),
        service,
        user: this.options.user,
        connectTimeoutMs: this.options.connectTimeoutMs ?? connectMs,
        callTimeoutMs: this.options.callTimeoutMs ?? callMs,
      });
    this.connections.set(key, opening);
    return await opening;
  }
}

function mutationOf(mutation: Mutation | undefined): ProtoMessage {
  if (mutation === undefined) return {};
  const families = new Map<string, ProtoMessage[]>();
  for (const { family, qualifier, value } of mutation.cells) {
    const key = family.toString('latin1');
    const list = families.get(key) ?? [];
    list.push({ 1: qualifier, 2: value, 3: mutation.timestampMs });
    families.set(key, list);
  }
  return {
    1: mutation.row,
    2: mutationTypes[mutation.kind],
    3: [...families].map(([family, values]) => ({ 1: Buffer.from(family, 'latin1'), 2: values })),
    6: mutation.durable ? undefined : skipWal,
    9: mutation.nonce,
  };
}

/** Each region has a result, or an exception for all its rows. */
function checkResults(answer: ProtoFields): void {
  const failures: HBaseError[] = [];
  for (const result of answer.messages(1)) {
    const whole = result.message(2);
    if (whole !== null) failures.push(remoteError('rows of a region', exceptionText(whole)));
    for (const row of result.messages(1)) {
      const exception = row.message(3);
      if (exception !== null)
        failures.push(remoteError('a row', exceptionText(exception), { index: row.number(1) ?? 0 }));
    }
  }
  const failure = failures.find((error) => !error.retriable) ?? failures[0];
  if (failure !== undefined) throw failure;
}

/** The value is the stack, which begins with the class's name; the name may be that of a wrapper. */
function exceptionText(pair: ProtoFields): string {
  return pair.text(2) ?? pair.text(1) ?? '';
}

function tableName(table: string): ProtoMessage {
  const at = table.indexOf(':');
  return at < 0 ? { 1: 'default', 2: table } : { 1: table.slice(0, at), 2: table.slice(at + 1) };
}

function isTable(region: ProtoFields, table: string): boolean {
  const name = region.message(2);
  const wanted = tableName(table);
  return name?.text(1) === wanted[1] && name?.text(2) === wanted[2];
}

function afterMagic(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, magic.length).equals(magic)) {
    throw new HBaseError(
      hbaseErrors.away,
      `ZooKeeper or hbase:meta holds something that is not HBase's: ${messageOf(bytes.toString('hex', 0, 16))}`,
    );
  }
  return bytes.subarray(magic.length);
}
