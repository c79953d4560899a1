import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { decodeResponse, encodeRequest } from '#wire/kafka/frame';
import { batchOf } from './batches.js';
import { createTopic, fetchOne, freshName, produceBody, Target } from './target.js';

/**
 * Frames, ApiVersions and the order of answers. By design ours takes frames up to 16 MiB where Kafka takes 100 MiB; sizes
 * here are over both.
 */
describe('framing', () => {
  const target = new Target();
  beforeAll(() => target.start());
  afterAll(() => target.stop());
  afterEach(() => target.closeClients());

  const software = { clientSoftwareName: 'conformance', clientSoftwareVersion: '1.0' };

  test.each([0, 1, 2, 3, 4])('ApiVersions v%d lists itself and the main APIs', async (version) => {
    const client = await target.client();
    const answer = await client.call(apis.apiVersions, version, software);
    expect(answer.errorCode).toBe(kafkaError.NONE);
    const byKey = new Map(answer.apiKeys.map((api) => [api.apiKey, api]));
    expect(byKey.get(18)).toMatchObject({ minVersion: 0, maxVersion: 4 });
    for (const key of [0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 19, 20, 22, 32, 37, 44]) expect(byKey.has(key)).toBe(true);
    // Older librdkafka gives up compression when it does not see the oldest produce versions.
    expect(byKey.get(0)?.minVersion).toBe(0);
  });

  test('ApiVersions of a version from the future is answered in the oldest layout with error 35', async () => {
    const client = await target.client();
    const request = encodeRequest(apis.apiVersions, 60, { correlationId: 7, clientId: 'conformance' }, software);
    client.sendBytes(Buffer.concat(request));
    const frame = await client.nextFrame();
    if (frame === null) throw new Error('the connection was closed');
    const { correlationId, body } = decodeResponse(apis.apiVersions, 0, frame);
    expect(correlationId).toBe(7);
    expect(body.errorCode).toBe(kafkaError.UNSUPPORTED_VERSION);
    expect(body.apiKeys.find((api) => api.apiKey === 18)).toMatchObject({ minVersion: 0, maxVersion: 4 });
    const retried = await client.call(apis.apiVersions, 4, software);
    expect(retried.errorCode).toBe(kafkaError.NONE);
  });

  test('ApiVersions refuses a software name that is no name', async () => {
    const client = await target.client();
    const answer = await client.call(apis.apiVersions, 3, { ...software, clientSoftwareName: '-not a name-' });
    expect(answer.errorCode).toBe(kafkaError.INVALID_REQUEST);
    expect(answer.apiKeys).toEqual([]);
  });

  test('a frame that comes byte by byte is answered', async () => {
    const client = await target.client();
    const bytes = Buffer.concat(encodeRequest(apis.apiVersions, 3, { correlationId: 1, clientId: 'slow' }, software));
    for (const byte of bytes) {
      client.sendBytes(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const frame = await client.nextFrame();
    if (frame === null) throw new Error('the connection was closed');
    expect(decodeResponse(apis.apiVersions, 3, frame)).toMatchObject({ correlationId: 1, body: { errorCode: 0 } });
  });

  test('a client without an id is answered', async () => {
    const client = await target.client();
    const answer = await client.send(apis.metadata, 1, { topics: [] }, null)();
    expect(answer.brokers.length).toBeGreaterThan(0);
  });

  test('requests sent at once are answered in their order', async () => {
    const client = await target.client();
    const topic = await createTopic(client);
    const answers = [
      client.send(apis.produce, 9, produceBody({ topic, batch: batchOf(['a']) })),
      client.send(apis.metadata, 9, { topics: [{ name: topic.name }] }),
      client.send(apis.produce, 9, produceBody({ topic, batch: batchOf(['b']) })),
      client.send(apis.produce, 9, produceBody({ topic, batch: batchOf(['c']) })),
      client.send(apis.listOffsets, 5, {
        replicaId: -1,
        topics: [{ name: topic.name, partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
      }),
    ] as const;
    expect((await answers[0]()).responses[0]?.partitionResponses[0]?.baseOffset).toBe(0);
    expect((await answers[1]()).topics[0]?.name).toBe(topic.name);
    expect((await answers[2]()).responses[0]?.partitionResponses[0]?.baseOffset).toBe(1);
    expect((await answers[3]()).responses[0]?.partitionResponses[0]?.baseOffset).toBe(2);
    expect((await answers[4]()).topics[0]?.partitions[0]?.offset).toBe(3);
  });

  test('a hundred produce requests sent at once append in their order', async () => {
    const client = await target.client();
    const topic = await createTopic(client);
    const answers = Array.from({ length: 100 }, (_, index) =>
      client.send(apis.produce, 9, produceBody({ topic, batch: batchOf([String(index)]) })),
    );
    for (const [index, answer] of answers.entries()) {
      const body = await answer();
      expect(body.responses[0]?.partitionResponses[0]).toMatchObject({ errorCode: 0, baseOffset: index });
    }
  });

  test('acks=0 has no answer, and its record is there', async () => {
    const client = await target.client();
    const topic = await createTopic(client);
    client.send(apis.produce, 9, produceBody({ topic, batch: batchOf(['quiet']), acks: 0 }));
    // The correlation id of the next frame must be that of the second request.
    const next = await client.call(apis.metadata, 9, { topics: [{ name: topic.name }] });
    expect(next.topics[0]?.errorCode).toBe(kafkaError.NONE);
    const fetched = await fetchOne(client, { topic, offset: 0, maxWaitMs: 5000 });
    expect(fetched.highWatermark).toBe(1);
  });

  test('acks=0 that fails closes the connection', async () => {
    const client = await target.client();
    const topic = { name: freshName('missing'), id: 'AAAAAAAAAAAAAAAAAAAAAA' };
    client.send(apis.produce, 9, produceBody({ topic, batch: batchOf(['lost']), acks: 0 }));
    expect(await client.nextFrame()).toBeNull();
  });

  const garbage: readonly (readonly [string, Buffer])[] = [
    ['a negative size', sized(-1)],
    ['the largest size there is', sized(0x7fffffff)],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['an API that does not exist', request(999, 0)],
    ['a version from the future', request(3, 99)],
    ['a produce version that is too old', request(0, 2)],
    ['a header that is cut off', sized(3, Buffer.alloc(3))],
    ['a body that is cut off', request(3, 1)],
    ['a body of noise', request(1, 11, Buffer.alloc(64, 0xff))],
  ];
  test.each(garbage)('%s closes that connection only', async (_, bytes) => {
    const bad = await target.client();
    const good = await target.client();
    bad.sendBytes(bytes);
    expect(await bad.nextFrame()).toBeNull();
    const answer = await good.call(apis.apiVersions, 0, {});
    expect(answer.errorCode).toBe(kafkaError.NONE);
  });
});

function sized(size: number, rest = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(4);
  head.writeInt32BE(size);
  return Buffer.concat([head, rest]);
}

function request(apiKey: number, version: number, body = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(10);
  header.writeInt16BE(apiKey, 0);
  header.writeInt16BE(version, 2);
  header.writeInt32BE(1, 4);
  header.writeInt16BE(-1, 8);
  return sized(header.length + body.length, Buffer.concat([header, body]));
}
