import type { NestExpressApplication } from '@nestjs/platform-express';
import supertest from 'supertest';
import { ControlStore } from '#control/control-store';
import { startTestDatabase, type TestDatabase } from '#control/testing/embedded-postgres';
import { AccessLog } from '#nest/access-log';
import { MetricsRegistry } from '#nest/metrics';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { createAdminServer } from '../admin-server.js';
import { topicMetrics } from '../operations/control-metrics.js';
import { adminParts } from '../admin-parts.testkit.js';
import { FakeTopics } from './fake-topics.testkit.js';

describe('topics and groups by REST Proxy v3', () => {
  let database: TestDatabase;
  let store: ControlStore;
  let topics: FakeTopics;
  let app: NestExpressApplication;
  let http: ReturnType<typeof supertest>;
  let host: string;
  const root = '/v3/clusters/one';

  beforeAll(async () => {
    database = await startTestDatabase();
    store = new ControlStore({ databaseUrl: database.databaseUrl, clock: systemClock, logger: silentLogger });
    const cluster = new Cluster({ bootstrap: [], clientId: 'spec', clock: systemClock, logger: silentLogger });
    topics = new FakeTopics(cluster);
    const metrics = new MetricsRegistry();
    metrics.add('topics', () => topicMetrics(topics));
    const parts = adminParts({ store, topics, metrics });
    const edge = { accessLog: new AccessLog(null, () => {}), logger: silentLogger, host: '127.0.0.1' };
    [app] = await Promise.all([createAdminServer(parts, edge), store.start()]);
    await app.listen(0, '127.0.0.1');
    const address = app.getHttpServer().address();
    host = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
    http = supertest(host);
  });
  afterAll(async () => {
    await app.close();
    await store.stop();
    await database.remove();
  });

  it('shows the cluster with its links', async () => {
    const { body } = await http.get('/v3/clusters').expect(200);
    expect(body).toMatchObject({ kind: 'KafkaClusterList', metadata: { self: `${host}/v3/clusters`, next: null } });
    expect(body.data).toHaveLength(1);
    const one = await http.get(root).expect(200);
    expect(one.body).toMatchObject({
      kind: 'KafkaCluster',
      metadata: { self: `${host}${root}`, resource_name: 'crn:///kafka=one' },
      cluster_id: 'one',
      topics: { related: `${host}${root}/topics` },
    });
    await http.get('/v3/clusters/other').expect(404);
    await http.get('/v3/clusters/other/topics').expect(404);
    await http.get('/').expect(200, /"kafka_cluster_id":"one"/);
    await http.get('/readyz').expect(200, { status: 'ready' });
  });

  it('creates, describes, widens and deletes a topic', async () => {
    const configs = [{ name: 'retention.ms', value: '1000' }];
    const wanted = { topic_name: 'orders', partitions_count: 2, configs };
    await http
      .post(`${root}/topics`)
      .send({ ...wanted, validate_only: true })
      .expect(200);
    await http
      .get(`${root}/topics/orders`)
      .expect(404, { error_code: 40_401, message: 'Topic orders cannot be found.' });
    const created = await http.post(`${root}/topics`).send(wanted).expect(201);
    expect(created.headers['location']).toBe(`${host}${root}/topics/orders`);
    expect(created.body).toMatchObject({
      kind: 'KafkaTopic',
      topic_name: 'orders',
      partitions_count: 2,
      is_internal: false,
    });
    const again = await http.post(`${root}/topics`).send(wanted).expect(400);
    expect(again.body).toEqual({ error_code: 40_002, message: 'Topic orders already exists.' });
    await http.get(`${root}/topics`).expect(200, /"topic_name":"orders"/);
    const settings = await http.get(`${root}/topics/orders/configs`).expect(200);
    expect(settings.body.data).toMatchObject([{ name: 'retention.ms', value: '1000', is_default: false }]);
    await http.get(`${root}/topics/orders/configs/nothing`).expect(404);
    await http
      .patch(`${root}/topics/orders`)
      .send({ partitions_count: 3 })
      .expect(200, /"partitions_count":3/);
    expect((await http.get(`${root}/topics/orders/partitions`).expect(200)).body.data).toHaveLength(3);
    await http.get(`${root}/topics/orders/partitions/3`).expect(404, /40402/);
    const offset = await http.get(`${root}/topics/orders/partitions/2/offset`).expect(200);
    expect(offset.body).toMatchObject({ earliest_offset: 3, latest_offset: 50 });
    const metrics = await http.get('/metrics').expect(200);
    expect(metrics.text).toContain('millrace_partition_end_offset{topic="orders",partition="2"} 50');
    await http.delete(`${root}/topics/orders`).expect(204);
    await http.delete(`${root}/topics/orders`).expect(404);
  });

  it.each([
    [{}, 400],
    [{ topic_name: 'x', partitions_count: 0 }, 400],
    [{ topic_name: 'x', more: 1 }, 400],
  ])('refuses to create a topic from %j', async (body, code) => {
    const answer = await http.post(`${root}/topics`).send(body).expect(code);
    expect(answer.body.error_code).toBe(code);
  });

  it('shows groups and how far they are behind', async () => {
    topics.committed.set('connect-lake', [
      { topic: 'orders', partition: 0, offset: 40, metadata: '' },
      { topic: 'orders', partition: 1, offset: 20, metadata: '' },
    ]);
    const group = `${root}/consumer-groups/connect-lake`;
    await http.get(`${root}/consumer-groups`).expect(200, /"consumer_group_id":"connect-lake"/);
    await http.get(group).expect(200, /"state":"PREPARING_REBALANCE"/);
    await http.get(`${root}/consumer-groups/nobody`).expect(404, /40405/);
    const lags = await http.get(`${group}/lags`).expect(200);
    expect(lags.body.data).toMatchObject([
      { partition_id: 0, current_offset: 40, log_end_offset: 50, lag: 10 },
      { partition_id: 1, lag: 30 },
    ]);
    await http.get(`${group}/lags/orders/partitions/1`).expect(200, /"lag":30/);
    await http.get(`${root}/consumer-groups/nobody/lags`).expect(404);
    const summary = await http.get(`${group}/lag-summary`).expect(200);
    expect(summary.body).toMatchObject({
      max_lag: 30,
      max_lag_partition_id: 1,
      total_lag: 40,
      max_lag_topic_name: 'orders',
    });
  });
});
