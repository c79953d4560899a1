import { operationCode, type AclBinding } from '#security/acl';
import { apis } from '#wire/kafka/apis';
import { BrokerWorld } from '../broker.testkit.js';
import { handlers } from '../handlers/index.js';
import {
  bindingOf,
  clusterDenied,
  idDenied,
  permissionRows as rows,
  refusalsIn,
  topicDenied,
  type PermissionRow,
} from './permission-rows.testkit.js';

// Every API that is served, in every version, asked by somebody without rights, with each right that it needs, and with one of them denied
// again. An API without a line fails the last test.

/** Told to everybody, or told only what he may know; each has its test below or none to have. */
const withoutRefusal = new Set<number>([
  apis.apiVersions.key,
  apis.saslHandshake.key,
  apis.saslAuthenticate.key,
  apis.describeCluster.key,
  apis.listGroups.key,
  apis.listTransactions.key,
  // Its two forms have a test of their own.
  apis.addPartitionsToTxn.key,
]);

describe('who may ask what', () => {
  let world: BrokerWorld;

  beforeEach(async () => {
    world = await BrokerWorld.open({
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:root',
    });
    await world.createTopic('orders');
    await world.createTopic('doomed');
    become('alice');
  });
  afterEach(() => world.close());

  function become(name: string): void {
    const access = world.broker.security.accessOf({ type: 'User', name }, '127.0.0.1');
    world.permits = (operation, type, resource) =>
      resource === null ? access.mayAny(operation, type) : access.may(operation, type, resource);
  }

  const allow = (bindings: readonly AclBinding[]) => world.broker.security.authorizer?.add(bindings);
  const forget = (bindings: readonly AclBinding[]) => world.broker.security.authorizer?.remove(bindings);

  async function refusedAt(row: PermissionRow, version: number): Promise<Record<string, number>> {
    const { topics } = world.broker.engine;
    if (topics.byName('doomed') === null) await world.createTopic('doomed');
    const topicId = topics.byName('orders')?.id ?? '';
    const body = typeof row.body === 'function' ? row.body(version, topicId) : row.body;
    return refusalsIn(await world.ask(row.api, version, body as never), '');
  }

  const title = (row: PermissionRow): string => `${row.api.name} (${row.needs[0]?.join(', ')})`;

  test.each(rows.map((row) => [title(row), row] as const))('%s refuses who has no right', async (_title, row) => {
    expect(await refusedAt(row, row.api.maxVersion)).toEqual(row.denied);
    const [code] = Object.values(row.denied);
    for (let version = row.from ?? row.api.minVersion; version <= row.api.maxVersion; version += 1) {
      expect([version, ...new Set(Object.values(await refusedAt(row, version)))]).toEqual([version, code]);
    }
  });

  test.each(rows.map((row) => [title(row), row] as const))('%s serves who has just the rights', async (_title, row) => {
    for (const rights of row.needs) {
      const all = rights.map((right) => bindingOf(right));
      await allow(all);
      expect([rights, await refusedAt(row, row.api.maxVersion)]).toEqual([rights, {}]);
      for (const right of all) {
        await forget([right]);
        // The settings of a topic that was made are left out of the answer; that is no refusal of the request.
        const isExtra = rights.length > 1 && right.operation === operationCode.describe_configs;
        if (!isExtra) expect(await refusedAt(row, row.api.maxVersion)).not.toEqual({});
        await allow([right]);
      }
      await forget(all);
    }
  });

  test.each(rows.map((row) => [title(row), row] as const))('%s heeds a denial over all rights', async (_title, row) => {
    const everything = (['topic', 'group', 'cluster', 'transactional_id'] as const).map((type) => ({
      ...bindingOf(`read ${type}`),
      operation: operationCode.all,
    }));
    await allow(everything);
    expect(await refusedAt(row, row.api.maxVersion)).toEqual({});
    await allow(row.needs.map(([first]) => bindingOf(first ?? 'read topic', 'deny')));
    expect(await refusedAt(row, row.api.maxVersion)).not.toEqual({});
    become('root');
    expect(await refusedAt(row, row.api.maxVersion)).toEqual({});
  });

  test('lists show only what may be described', async () => {
    const topicNames = async () =>
      (await world.call(apis.metadata, 12, { topics: null })).topics.map(({ name }) => name);
    expect(await topicNames()).toEqual([]);
    await allow([bindingOf('read topic')]);
    expect(await topicNames()).toEqual(['orders', 'doomed']);
    expect((await world.call(apis.listTransactions, 1, {})).transactionStates).toEqual([]);
    expect((await world.call(apis.listGroups, 4, {})).groups).toEqual([]);
  });

  test('partitions of a transaction need the transactional id, and their topics', async () => {
    const topics = [{ name: 'orders', partitions: [0] }];
    const old = { v3AndBelowTransactionalId: 'pay', v3AndBelowProducerId: 1, v3AndBelowTopics: topics };
    const ask = async () => refusalsIn(await world.ask(apis.addPartitionsToTxn, 3, old), '');
    const path = 'resultsByTopicV3AndBelow.0.resultsByPartition.0.partitionErrorCode';
    expect(await ask()).toEqual({ [path]: idDenied });
    await allow([bindingOf('write transactional_id')]);
    expect(await ask()).toEqual({ [path]: topicDenied });
    await allow([bindingOf('write topic')]);
    expect(await ask()).toEqual({});
  });

  test('partitions of transactions of others need the right of a broker', async () => {
    const ask = async () => refusalsIn(await world.ask(apis.addPartitionsToTxn, 5, { transactions: [] }), '');
    expect(await ask()).toEqual({ errorCode: clusterDenied });
    await allow([bindingOf('cluster_action cluster')]);
    expect(await ask()).toEqual({});
  });

  test('every API that is served has a line', () => {
    const listed = new Set(rows.map(({ api }) => api.key));
    const unlisted = handlers.filter(({ api }) => !listed.has(api.key) && !withoutRefusal.has(api.key));
    expect(unlisted.map(({ api }) => api.name)).toEqual([]);
  });
});
