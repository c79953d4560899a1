/**
 * A client of HBase's own protocol (2.x; 1.x has the same calls): ZooKeeper names the server of `hbase:meta`, that names the servers of a
 * table's regions, and those get their rows' mutations, several in one call. No Hadoop libraries, no gateway. Simple authentication.
 *
 * A call is made once; regions that moved are forgotten, so that the next one finds them.
 */
import { messageOf } from '#std/errors';
import { HBaseError, hbaseErrors } from './hbase-errors.js';
import { encodeMulti, failuresOf, type RegionMutations } from './multi-call.js';
import type { Mutation } from './mutation.js';
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

/** A column family as its table has it. */
export interface ColumnFamily {
  readonly name: string;
  /** Seconds that its cells live; null = for ever. */
  readonly ttlSeconds: number | null;
}

const metaRegion = 'hbase:meta,,1';
/** A TTL of HBase that is none. */
const forever = 2 ** 31 - 1;
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

  /** The column families of a table; null where there is no such table. */
  async families(table: string): Promise<readonly ColumnFamily[] | null> {
    const master = await this.serverOfNode('master');
    const connection = await this.connection(master, 'MasterService');
    const answer = await connection.call('GetTableDescriptors', { 1: [tableName(table)] });
    const [schema] = answer.messages(1);
    return schema?.messages(3).map(familyOf) ?? null;
  }

  /**
   * Applies all mutations, in order where they are of one region. Rejects when one failed; the others may have been applied. An error
   * about one row has its index.
   */
  async mutate(table: string, mutations: readonly Mutation[], nonceGroup?: bigint): Promise<void> {
    const [refusal] = await this.mutateEach(table, mutations, nonceGroup);
    if (refusal !== undefined) throw refusal;
  }

  /**
   * As `mutate`, but gives what HBase refuses for good about single rows, by rising index; all others were applied then. Rejects with anything
   * else, in which case any of them may have been applied.
   */
  async mutateEach(table: string, mutations: readonly Mutation[], nonceGroup?: bigint): Promise<readonly HBaseError[]> {
    const calls = [...(await this.byServer(table, mutations))].map(async ([server, regions]) => {
      const connection = await this.connection(server, 'ClientService');
      return failuresOf(await connection.callEncoded('Multi', encodeMulti(regions, mutations, nonceGroup ?? null)));
    });
    const failures: unknown[] = [];
    const refusals: HBaseError[] = [];
    for (const result of await Promise.allSettled(calls)) {
      if (result.status === 'rejected') failures.push(result.reason);
      else for (const failure of result.value) (isRefusal(failure) ? refusals : failures).push(failure);
    }
    if (failures.length === 0) return refusals.toSorted((left, right) => (left.index ?? 0) - (right.index ?? 0));
    this.regions.forget(table);
    // What no retry helps against says more than a server that is away.
    throw failures.find((reason) => reason instanceof HBaseError && !reason.retriable) ?? failures[0];
  }

  private async byServer(table: string, mutations: readonly Mutation[]): Promise<Map<string, RegionMutations[]>> {
    const byRegion = new Map<Region, number[]>();
    for (const [index, { row }] of mutations.entries()) {
      const region = this.regions.find(table, row) ?? (await this.locate(table, row));
      const indexes = byRegion.get(region);
      if (indexes === undefined) byRegion.set(region, [index]);
      else indexes.push(index);
    }
    const servers = new Map<string, RegionMutations[]>();
    for (const [region, indexes] of byRegion) {
      const regions = servers.get(region.server) ?? [];
      regions.push({ region: region.name, indexes });
      servers.set(region.server, regions);
    }
    return servers;
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

/** For good, and of one row. */
function isRefusal(error: HBaseError): boolean {
  return error.index !== null && error.kind === hbaseErrors.invalid;
}

function familyOf(schema: ProtoFields): ColumnFamily {
  const ttl =
    schema
      .messages(2)
      .find((attribute) => attribute.text(1) === 'TTL')
      ?.text(2) ?? '';
  const seconds = /^\d+$/.test(ttl) ? Number(ttl) : forever;
  return { name: schema.text(1) ?? '', ttlSeconds: seconds >= forever ? null : seconds };
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
