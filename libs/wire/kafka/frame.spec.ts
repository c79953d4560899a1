import { apis } from './apis.js';
import { WireError } from './errors.js';
import { decodeRequest, decodeRequestHeader, decodeResponse, encodeRequest, encodeResponse } from './frame.js';

/** The frame as a receiver gets it: pieces joined, size checked and cut off. */
function received(pieces: readonly Buffer[]): Buffer {
  const whole = Buffer.concat(pieces);
  expect(whole.readInt32BE(0)).toBe(whole.length - 4);
  return whole.subarray(4);
}

/** Golden bytes are written in the groups of their fields. */
function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
}

describe('frames', () => {
  it.each<[string, Buffer[], string]>([
    [
      'an ApiVersions request before flexible versions',
      encodeRequest(apis.apiVersions, 2, { correlationId: 1, clientId: 'c' }, {}),
      '0000000b  0012 0002 00000001 0001 63',
    ],
    [
      'a flexible ApiVersions request, whose client id is still not compact',
      encodeRequest(
        apis.apiVersions,
        3,
        { correlationId: 1, clientId: 'c' },
        { clientSoftwareName: 'm', clientSoftwareVersion: '1' },
      ),
      '00000011  0012 0003 00000001 0001 63 00  02 6d 02 31 00',
    ],
    [
      'a request without a client id',
      encodeRequest(
        apis.heartbeat,
        4,
        { correlationId: 2, clientId: null },
        { groupId: 'g', generationId: 3, memberId: 'm' },
      ),
      '00000015  000c 0004 00000002 ffff 00  02 67 00000003 02 6d 00 00',
    ],
    [
      'an ApiVersions answer, whose header never has tagged fields',
      encodeResponse(apis.apiVersions, 3, 5, { apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] }),
      '00000013  00000005  0000 02 0012 0000 0004 00 00000000 00',
    ],
    [
      'the answer to a version of ApiVersions above ours',
      encodeResponse(apis.apiVersions, 0, 5, {
        errorCode: 35,
        apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }],
      }),
      '00000010  00000005  0023 00000001 0012 0000 0004',
    ],
    [
      'a flexible answer, whose header has tagged fields',
      encodeResponse(apis.heartbeat, 4, 2, { errorCode: 27 }),
      '0000000c  00000002 00  00000000 001b 00',
    ],
    [
      'an answer of an API that is never flexible',
      encodeResponse(apis.offsetDelete, 0, 2, {}),
      '0000000e  00000002  0000 00000000 00000000',
    ],
    [
      'a Metadata request for all topics',
      encodeRequest(apis.metadata, 1, { correlationId: 1, clientId: '' }, { topics: null }),
      '0000000e  0003 0001 00000001 0000  ffffffff',
    ],
    [
      'records in a flexible answer',
      encodeResponse(apis.fetch, 12, 1, {
        responses: [
          { topic: 't', partitions: [{ highWatermark: 2 ** 32 + 1, records: [Buffer.from('ab'), Buffer.from('c')] }] },
        ],
      }),
      `0000003d  00000001 00  00000000 0000 00000000 02 02 74 02 00000000 0000 0000000100000001 ffffffffffffffff
       ffffffffffffffff 01 ffffffff 04 616263 00 00 00`,
    ],
    [
      'a struct that is null as one byte',
      encodeResponse(apis.consumerGroupHeartbeat, 0, 1, { memberEpoch: 2, heartbeatIntervalMs: 5000 }),
      '00000017  00000001 00  00000000 0000 00 00 00000002 00001388 ff 00',
    ],
    [
      'a struct that may be null but is there behind one byte',
      encodeResponse(apis.consumerGroupHeartbeat, 0, 1, { memberId: 'm', assignment: { topicPartitions: [] } }),
      '0000001a  00000001 00  00000000 0000 00 02 6d 00000000 00000000 01 01 00 00',
    ],
    [
      'a double',
      encodeRequest(
        apis.alterClientQuotas,
        0,
        { correlationId: 1, clientId: '' },
        { entries: [{ entity: [], ops: [{ key: 'k', value: 1.5 }] }] },
      ),
      '00000023  0031 0000 00000001 0000  00000001 00000000 00000001 0001 6b 3ff8000000000000 00 00',
    ],
  ])('lays out %s', (_, pieces, bytes) => {
    expect(Buffer.concat(pieces).toString('hex')).toBe(hex(bytes).toString('hex'));
  });

  it('reads the headers of versions and APIs it does not know as far as all have them', () => {
    const later = hex('0012 0009 00000007 0001 63 00');
    expect(decodeRequestHeader(later)).toEqual({
      apiKey: 18,
      apiVersion: 9,
      correlationId: 7,
      clientId: 'c',
      bodyAt: later.length,
    });
    const unknown = hex('7fff 0000 00000007 ffff aa');
    expect(decodeRequestHeader(unknown)).toMatchObject({ apiKey: 0x7fff, clientId: null, bodyAt: 10 });
    expect(() => decodeRequest(apis.apiVersions, 9, later, later.length)).toThrow('not between 0 and 4');
    expect(() => decodeRequestHeader(hex('0012 00'))).toThrow(WireError);
  });

  it('skips tagged fields it does not know', () => {
    const body = hex('02 67 00000003 02 6d 00  02 05 02 aabb 63 00');
    expect(decodeRequest(apis.heartbeat, 4, body, 0)).toEqual({
      groupId: 'g',
      generationId: 3,
      memberId: 'm',
      groupInstanceId: null,
    });
    expect(() => decodeRequest(apis.heartbeat, 4, body.subarray(0, -1), 0)).toThrow(WireError);
  });

  it('hands record data on without copying it', () => {
    const data = Buffer.alloc(10_000, 7);
    const pieces = encodeResponse(apis.fetch, 12, 1, { responses: [{ partitions: [{ records: [data, data] }] }] });
    expect(pieces.filter((piece) => piece === data).length).toBe(2);
    const body = decodeResponse(apis.fetch, 12, received(pieces)).body;
    expect(body.responses[0]?.partitions[0]?.records?.length).toBe(20_000);
  });

  it('leaves messages whole that were encoded before later ones', () => {
    const names = Array.from({ length: 3000 }, (_, index) => `topic-${index}`.padEnd(100, '.'));
    const messages = names.map((name) =>
      encodeRequest(apis.metadata, 9, { correlationId: 1, clientId: null }, { topics: [{ name }] }),
    );
    const large = encodeRequest(
      apis.metadata,
      9,
      { correlationId: 1, clientId: null },
      { topics: names.map((name) => ({ name })) },
    );
    for (const [index, message] of messages.entries()) {
      const frame = received(message);
      const body = decodeRequest(apis.metadata, 9, frame, decodeRequestHeader(frame).bodyAt);
      expect(body.topics?.[0]?.name).toBe(names[index]);
    }
    const frame = received(large);
    expect(decodeRequest(apis.metadata, 9, frame, decodeRequestHeader(frame).bodyAt).topics?.length).toBe(3000);
  });

  it('carries the ends of 64 bits, rounded as numbers are', () => {
    const timestamps = [
      -1,
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
      2 ** 63,
      -(2 ** 63),
      0x1_0000_0000,
      -0x1_0000_0001,
    ];
    const frame = received(
      encodeRequest(
        apis.listOffsets,
        1,
        { correlationId: 1, clientId: null },
        {
          topics: [{ name: 't', partitions: timestamps.map((timestamp) => ({ timestamp })) }],
        },
      ),
    );
    const body = decodeRequest(apis.listOffsets, 1, frame, decodeRequestHeader(frame).bodyAt);
    expect(body.topics[0]?.partitions.map(({ timestamp }) => timestamp)).toEqual(timestamps);
  });

  it('carries a Produce request there and back', () => {
    const pieces = encodeRequest(
      apis.produce,
      9,
      { correlationId: 7, clientId: 'loader' },
      {
        acks: -1,
        timeoutMs: 1000,
        topicData: [
          { name: 'orders', partitionData: [{ index: 2, records: [Buffer.alloc(300, 1), Buffer.alloc(10)] }] },
        ],
      },
    );
    const frame = received(pieces);
    const header = decodeRequestHeader(frame);
    expect(header).toMatchObject({ apiKey: 0, apiVersion: 9, correlationId: 7, clientId: 'loader' });
    const body = decodeRequest(apis.produce, 9, frame, header.bodyAt);
    expect(body).toMatchObject({ transactionalId: null, acks: -1, timeoutMs: 1000 });
    expect(body.topicData[0]?.partitionData[0]?.records).toEqual(
      Buffer.concat([Buffer.alloc(300, 1), Buffer.alloc(10)]),
    );
  });

  it('carries tagged fields longer than their first guess', () => {
    const host = 'h'.repeat(200);
    const frame = received(
      encodeResponse(apis.produce, 10, 7, {
        responses: [{ name: 'orders', partitionResponses: [{ index: 2, currentLeader: { leaderId: 3 } }] }],
        nodeEndpoints: [{ nodeId: 1, host, port: 4, rack: null }],
      }),
    );
    const { correlationId, body } = decodeResponse(apis.produce, 10, frame);
    expect(correlationId).toBe(7);
    expect(body.nodeEndpoints).toEqual([{ nodeId: 1, host, port: 4, rack: null }]);
    expect(body.responses[0]?.partitionResponses[0]?.currentLeader).toEqual({ leaderId: 3, leaderEpoch: -1 });
  });
});
