import { apis } from './apis.js';
import { decodeRequest, decodeRequestHeader, decodeResponse, encodeRequest, encodeResponse } from './frame.js';

/** The frame as a receiver gets it: pieces joined, size checked and cut off. */
function received(pieces: readonly Buffer[]): Buffer {
  const whole = Buffer.concat(pieces);
  expect(whole.readInt32BE(0)).toBe(whole.length - 4);
  return whole.subarray(4);
}

describe('frames', () => {
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
