import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { BrokerWorld } from '#broker/broker.testkit';
import { batchOf } from '#log/testing/engine-fixture';
import { systemClock } from '#std/clock';
import { apis } from '#wire/kafka/apis';
import { decodeResponse, encodeRequest } from '#wire/kafka/frame';
import type { Api, Fields, Input } from '#wire/kafka/schema';
import { KafkaServer } from './kafka-server.js';

describe('KafkaServer', () => {
  let world: BrokerWorld;
  let server: KafkaServer;
  const sockets: Socket[] = [];

  async function listen(config: Readonly<Record<string, string>> = {}): Promise<void> {
    world = await BrokerWorld.open({ listeners: 'PLAINTEXT://127.0.0.1:0', ...config });
    await world.createTopic('orders');
    server = new KafkaServer({ broker: world.broker });
    await server.start();
  }

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await server.stop(100);
    await world.close();
  });

  /** A connection with the correlation ids of the answers it got. */
  async function dial(): Promise<{ socket: Socket; answers: Buffer[] }> {
    const socket = connect(server.port, '127.0.0.1');
    sockets.push(socket);
    const answers: Buffer[] = [];
    let rest = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
        answers.push(rest.subarray(4, 4 + rest.readInt32BE(0)));
        rest = rest.subarray(4 + rest.readInt32BE(0));
      }
    });
    await once(socket, 'connect');
    return { socket, answers };
  }

  function request<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    version: number,
    correlationId: number,
    body: Input<Request>,
  ): Buffer {
    return Buffer.concat(encodeRequest(api, version, { correlationId, clientId: 'spec' }, body));
  }

  const ask = (correlationId: number) => request(apis.apiVersions, 0, correlationId, {});
  const park = (correlationId: number) =>
    request(apis.fetch, 11, correlationId, {
      maxWaitMs: 20_000,
      minBytes: 1,
      topics: [{ topic: 'orders', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }],
    });
  const produce = (correlationId: number, acks = -1, name = 'orders') =>
    request(apis.produce, 9, correlationId, {
      acks,
      timeoutMs: 1000,
      topicData: [{ name, partitionData: [{ index: 0, records: batchOf([`value ${correlationId}`]) }] }],
    });

  async function until(holds: () => boolean): Promise<void> {
    for (let round = 0; round < 400 && !holds(); round += 1) await systemClock.sleep(5);
    expect(holds()).toBe(true);
  }

  const ids = (answers: readonly Buffer[]) => answers.map((answer) => answer.readInt32BE(0));

  test('answers in the order of the requests, whatever they are', async () => {
    await listen();
    const { socket, answers } = await dial();
    socket.write(Buffer.concat([produce(1), produce(2), ask(3), produce(4), produce(5, 0), produce(6), ask(7)]));
    await until(() => answers.length === 6);
    expect(ids(answers)).toEqual([1, 2, 3, 4, 6, 7]);
    const offsets = answers
      .filter((answer) => [1, 2, 4, 6].includes(answer.readInt32BE(0)))
      .map((answer) => decodeResponse(apis.produce, 9, answer).body.responses[0]?.partitionResponses[0]?.baseOffset);
    expect(offsets).toEqual([0, 1, 2, 4]);
    expect(Object.fromEntries(server.requests)).toEqual({ Produce: 5, ApiVersions: 2 });
  });

  test('answers thousands of small requests that come in one piece', async () => {
    await listen();
    const { socket, answers } = await dial();
    socket.write(Buffer.concat(Array.from({ length: 5_000 }, (_, index) => ask(index))));
    await until(() => answers.length === 5_000);
    expect(ids(answers)).toEqual(Array.from({ length: 5_000 }, (_, index) => index));
  });

  test('a parked fetch holds back what is behind it, and a record sets it free', async () => {
    await listen();
    const waiting = await dial();
    waiting.socket.write(Buffer.concat([park(1), ask(2)]));
    await systemClock.sleep(50);
    expect(waiting.answers).toHaveLength(0);
    const other = await dial();
    other.socket.write(produce(9));
    await until(() => waiting.answers.length === 2);
    expect(ids(waiting.answers)).toEqual([1, 2]);
  });

  test('answers what came before a request that cannot be read, then closes', async () => {
    await listen();
    const { socket, answers } = await dial();
    const closed = once(socket, 'close');
    socket.write(Buffer.concat([produce(1), ask(2), Buffer.from([0, 0, 0, 4, 0x7f, 0x7f, 0, 0]), ask(3)]));
    await closed;
    expect(ids(answers)).toEqual([1, 2]);
  });

  test('closes when acks=0 fails, as there is no other way to tell', async () => {
    await listen();
    const { socket, answers } = await dial();
    const closed = once(socket, 'close');
    socket.write(Buffer.concat([produce(1), produce(2, 0, 'nothing'), produce(3)]));
    await closed;
    expect(ids(answers)).toEqual([1]);
  });

  test('forgets the parked fetch of a client that hangs up', async () => {
    await listen();
    const { socket } = await dial();
    socket.write(park(1));
    await until(() => server.requests.get('Fetch') === 1);
    socket.destroy();
    await until(() => server.connections === 0);
  });

  test('stops within the grace time, and a parked fetch is answered before', async () => {
    await listen();
    const { socket, answers } = await dial();
    const closed = once(socket, 'close');
    socket.write(park(1));
    await until(() => server.requests.get('Fetch') === 1);
    const began = Date.now();
    await server.stop(2_000);
    expect(Date.now() - began).toBeLessThan(1_500);
    await closed;
    expect(ids(answers)).toEqual([1]);
  });
});
