import { FatalSinkError, RefusedRecordsError, RetriableSinkError } from '#pipeline/errors';
import type { SinkContext } from '#pipeline/sink';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { batchOf } from '../postgres/batch.testkit.js';
import type { CassandraClient } from './cassandra-client.js';
import { CassandraSink } from './cassandra-sink.js';
import { cqlCodes } from './cql-values.js';
import { cassandraSettings } from './options.js';

const context: SinkContext = {
  ...{ name: 'lake', task: 0, clock: systemClock, logger: silentLogger, ownerEpoch: 1, stateDirectory: '' },
};
const column = (name: string, code: number, frozen = false) => ({ name, type: { code, options: { frozen } } });
const wide = {
  columns: [column('p', cqlCodes.text), column('n', cqlCodes.int), column('v', cqlCodes.text)],
  clustering: ['n'],
};

/** A cluster of one table that notes its requests, and fails those that `fail` wants to. */
function clusterOf(
  table: { columns: ReturnType<typeof column>[]; clustering: string[] },
  fail: (rows: unknown[][]) => Error | null = () => null,
) {
  const requests: { query: string; rows: unknown[][] }[] = [];
  const answer = (query: string, rows: unknown[][]): Promise<unknown> => {
    requests.push({ query, rows });
    const error = fail(rows);
    return error === null ? Promise.resolve({}) : Promise.reject(error);
  };
  const client = {
    metadata: {
      getTable: () =>
        Promise.resolve({
          columnsByName: Object.fromEntries(table.columns.map((each) => [each.name, each])),
          partitionKeys: [{ name: 'p' }],
          clusteringKeys: table.clustering.map((name) => ({ name })),
        }),
    },
    execute: (query: string, row: unknown[]) => answer(query, [row]),
    batch: (queries: { query: string; params: unknown[] }[]) =>
      answer(
        queries[0]?.query ?? '',
        queries.map(({ params }) => params),
      ),
    shutdown: () => Promise.resolve(),
  } as unknown;
  return { requests, connect: () => Promise.resolve(client as CassandraClient) };
}

function sinkOn(cluster: ReturnType<typeof clusterOf>, options: Record<string, string> = {}): CassandraSink {
  const base = { contactPoints: 'a', 'loadBalancing.localDc': 'dc', keyspace: 'shop' };
  return new CassandraSink(cassandraSettings({ ...base, ...options }), cluster.connect);
}

const row = (offset: number, p: string, n: number) => ({ offset, key: p, value: JSON.stringify({ n, v: 'x' }) });
const responseError = (code: number, message: string): Error =>
  Object.assign(new Error(message), { name: 'ResponseError', code });

describe('the cassandra sink', () => {
  it('sends rows of one partition together, up to the bound, with write timestamps that rise with the offset', async () => {
    const cluster = clusterOf(wide);
    const sink = sinkOn(cluster, { maxNumberOfRecordsInBatch: '2' });
    await sink.start(context);
    await sink.put(batchOf([row(998, 'a', 1), row(999, 'b', 1), row(1000, 'a', 2), row(1001, 'a', 3)]));
    expect(cluster.requests.map(({ rows }) => rows.length)).toEqual([2, 1, 1]);
    const [first] = cluster.requests;
    expect(first?.query).toBe('INSERT INTO "shop"."orders" ("p", "n", "v") VALUES (?, ?, ?) USING TIMESTAMP ?');
    const times = first?.rows.map((cells) => (cells[3] as Buffer).readBigInt64BE());
    expect(times).toEqual([1_700_000_000_000_998n, 1_700_000_000_000_000n]);
    await expect(sink.flush()).resolves.toEqual([{ topic: 'orders', partition: 0, offset: 1002 }]);
  });

  it('takes the offset itself as the write timestamp where it is told to', async () => {
    const cluster = clusterOf(wide);
    const sink = sinkOn(cluster, { 'timestamp.source': 'offset', ttl: '60' });
    await sink.start(context);
    await sink.put(batchOf([row(7, 'a', 1), { offset: 8, key: '{"p":"a","n":1}', value: null }]));
    expect(cluster.requests[0]?.rows[0]?.slice(3)).toEqual([
      Buffer.from('0000000000000007', 'hex'),
      Buffer.from('0000003c', 'hex'),
    ]);
    expect(cluster.requests[0]?.rows[1]).toEqual([
      Buffer.from('0000000000000008', 'hex'),
      Buffer.from('a'),
      Buffer.from('00000001', 'hex'),
    ]);
  });

  it('names the records that are no rows, and those that the cluster refuses, and keeps the others', async () => {
    const tooLong = (rows: unknown[][]): Error | null =>
      rows.some((cells) => (cells[0] as Buffer).toString() === 'long')
        ? responseError(0x2200, 'Key length of …')
        : null;
    const cluster = clusterOf(wide, tooLong);
    const sink = sinkOn(cluster);
    await sink.start(context);
    const put = sink.put(
      batchOf([row(0, 'a', 1), { offset: 1, value: 'oops' }, row(2, 'long', 1), row(3, 'long', 2), row(4, 'b', 5)]),
    );
    await expect(put).rejects.toThrow(RefusedRecordsError);
    const error: unknown = await put.catch((thrown: unknown) => thrown);
    expect(error instanceof RefusedRecordsError && error.refusals.map(({ index }) => index)).toEqual([1, 2, 3]);
    expect(cluster.requests.map(({ rows }) => rows.length)).toEqual([1, 2, 1, 1, 1]);
  });

  it('has nothing of a batch counted while the cluster is busy', async () => {
    const sink = sinkOn(clusterOf(wide, () => responseError(0x1001, 'overloaded')));
    await sink.start(context);
    await expect(sink.put(batchOf([row(0, 'a', 1)]))).rejects.toThrow(RetriableSinkError);
    await expect(sink.flush()).resolves.toEqual([]);
  });

  it.each([
    ['a counter', column('v', cqlCodes.counter)],
    ['a list that is not frozen', column('v', cqlCodes.list)],
  ])('refuses a table with %s', async (_what, bad) => {
    const sink = sinkOn(clusterOf({ columns: [column('p', cqlCodes.text), bad], clustering: [] }));
    await sink.start(context);
    await expect(sink.put(batchOf([row(0, 'a', 1)]))).rejects.toThrow(FatalSinkError);
  });
});
