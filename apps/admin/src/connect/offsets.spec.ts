import type { NestExpressApplication } from '@nestjs/platform-express';
import pg from 'pg';
import supertest from 'supertest';
import { sinkTypes } from '#connectors/registry-sinks';
import { ControlStore } from '#control/control-store';
import { startTestDatabase, type TestDatabase } from '#control/testing/embedded-postgres';
import { AccessLog } from '#nest/access-log';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { createAdminServer } from '../admin-server.js';
import { adminParts } from '../admin-parts.testkit.js';
import { FakeTopics } from '../kafka-rest/fake-topics.testkit.js';
import { ConnectorClasses } from './connector-class.js';
import { sinkClass } from './sink-class.js';

describe('the offsets of a sink', () => {
  let database: TestDatabase;
  let store: ControlStore;
  let topics: FakeTopics;
  let app: NestExpressApplication;
  let http: ReturnType<typeof supertest>;

  beforeAll(async () => {
    database = await startTestDatabase();
    process.env['OFFSETS_SPEC_URL'] = database.databaseUrl;
    store = new ControlStore({ databaseUrl: database.databaseUrl, clock: systemClock, logger: silentLogger });
    topics = new FakeTopics(new Cluster({ bootstrap: [], clientId: 'spec', clock: systemClock, logger: silentLogger }));
    topics.specs.set('logs', { name: 'logs', partitions: 2 });
    const plain = sinkTypes
      .filter(({ name }) => name === 'file')
      .map((type) => ({
        ...type,
        name: 'plain',
        guarantee: () => 'at-least-once' as const,
      }));
    const classes = new ConnectorClasses([...sinkTypes, ...plain].map(sinkClass));
    const parts = adminParts({ store, topics, classes });
    const edge = { accessLog: new AccessLog(null, () => {}), logger: silentLogger, host: '127.0.0.1' };
    [app] = await Promise.all([createAdminServer(parts, edge), store.start()]);
    await app.listen(0, '127.0.0.1');
    const address = app.getHttpServer().address();
    http = supertest(`http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`);
  });
  afterAll(async () => {
    delete process.env['OFFSETS_SPEC_URL'];
    await app.close();
    await store.stop();
    await database.remove();
  });

  const at = (partition: number, offset: number | string | null): object => ({
    partition: { kafka_topic: 'logs', kafka_partition: partition },
    offset: offset === null ? null : { kafka_offset: offset },
  });

  async function stoppedSink(name: string, config: Record<string, string>): Promise<string> {
    const spec = { name, kind: 'sink' as const, tasksMax: 1, initialState: 'STOPPED' as const };
    await store.createConnector({ ...spec, config: { name, topics: 'logs', ...config } });
    topics.committed.set(`connect-${name}`, [{ topic: 'logs', partition: 0, offset: 40, metadata: '' }]);
    return `/connectors/${name}/offsets`;
  }

  it('are read, moved and dropped in Connect’s form while it is stopped', async () => {
    const path = await stoppedSink('plain', { 'connector.class': 'plain' });
    expect((await http.get(path).expect(200)).body).toEqual({ offsets: [at(0, 40)] });
    await http
      .patch(path)
      .send({ offsets: [at(0, '7'), at(1, 50)] })
      .expect(200, /successfully/);
    expect((await http.get(path).expect(200)).body).toEqual({ offsets: [at(0, 7), at(1, 50)] });
    await http
      .patch(path)
      .send({ offsets: [at(0, null)] })
      .expect(200);
    expect((await http.get(path).expect(200)).body).toEqual({ offsets: [at(1, 50)] });
    await http.delete(path).expect(200, /successfully/);
    expect((await http.get(path).expect(200)).body).toEqual({ offsets: [] });
    await store.setTargetState('plain', 'RUNNING');
    const refused = await http
      .patch(path)
      .send({ offsets: [at(0, 7)] })
      .expect(400);
    expect(refused.body.message).toContain("'/connectors/plain/stop'");
  });

  it.each([
    ['no partition of the topic', [at(2, 5)]],
    ['before the first record', [at(0, 2)]],
    ['behind the end', [at(0, 51)]],
    ['no number', [at(0, -1)]],
    ['nothing', []],
  ])('are refused where they are %s, and nothing is changed', async (_, offsets) => {
    const path = '/connectors/checked/offsets';
    if ((await store.findConnector('checked')) === null) await stoppedSink('checked', { 'connector.class': 'plain' });
    const { body } = await http.patch(path).send({ offsets }).expect(400);
    expect(Object.keys(body as object)).toEqual(['error_code', 'message']);
    expect((await http.get(path)).body).toEqual({ offsets: [at(0, 40)] });
  });

  it('are moved in the store too where the store keeps them, with references resolved', async () => {
    const path = await stoppedSink('rows', {
      'connector.class': 'postgres',
      'connection.url': '${env:OFFSETS_SPEC_URL}',
    });
    await http
      .patch(path)
      .send({ offsets: [at(0, 7), at(1, null)] })
      .expect(200);
    expect((await http.get(path)).body).toEqual({ offsets: [at(0, 7)] });
    expect(await storedOffsets()).toEqual(['logs 0 7', 'logs 1 -1']);
    await http.delete(path).expect(200);
    expect(await storedOffsets()).toEqual(['logs 0 -1', 'logs 1 -1']);
  });

  it('are not touched where a reference names nothing; a store that is away is told, without its password', async () => {
    const unset = await stoppedSink('unset', {
      'connector.class': 'postgres',
      'connection.url': '${env:OFFSETS_SPEC_NO}',
    });
    await http.delete(unset).expect(400, /OFFSETS_SPEC_NO/);
    expect((await http.get(unset)).body).toEqual({ offsets: [at(0, 40)] });
    const away = { 'connector.class': 'postgres', 'connection.url': 'postgres://me:sesame@127.0.0.1:1/none' };
    const path = await stoppedSink('away', away);
    const { body } = await http
      .patch(path)
      .send({ offsets: [at(0, 7)] })
      .expect(503);
    expect(body.message).toContain('Send the request again');
    expect(body.message).not.toContain('sesame');
  });

  it.each([
    ['file', { 'file.path': '/lake' }],
    ['hdfs', { 'webhdfs.url': 'http://127.0.0.1:9870', 'hdfs.path': '/lake' }],
  ])('of class %s, whose files say where to go on, are refused with what to do', async (name, config) => {
    const path = await stoppedSink(`kept-${name}`, { 'connector.class': name, ...config });
    for (const request of [http.patch(path).send({ offsets: [at(0, 7)] }), http.delete(path)]) {
      const { body } = await request.expect(400);
      expect(body.message).toMatch(/as its store says.*start\.from/);
    }
    expect((await http.get(path)).body).toEqual({ offsets: [at(0, 40)] });
  });

  async function storedOffsets(): Promise<string[]> {
    const client = new pg.Client({ connectionString: database.databaseUrl });
    await client.connect();
    try {
      const tables = await client.query<{ name: string }>(
        "SELECT table_name AS name FROM information_schema.columns WHERE column_name = 'owner_epoch'",
      );
      const { rows } = await client.query<{ topic: string; partition: number; next_offset: string }>(
        `SELECT topic, partition, next_offset FROM "${tables.rows[0]?.name}" WHERE sink = 'rows' ORDER BY partition`,
      );
      return rows.map((row) => `${row.topic} ${row.partition} ${row.next_offset}`);
    } finally {
      await client.end();
    }
  }
});
