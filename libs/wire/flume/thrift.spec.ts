import { MillraceError } from '#std/errors';
import { seededRandom } from '#std/random';
import { columnsOf, damaged, plainEvents, randomEvents } from './events.testkit.js';
import { LengthFrameReader } from './length-frames.js';
import { MessagePieces } from './message-pieces.js';
import { ThriftClientSession } from './thrift-client.js';
import { flumeService, readThriftCall, scribeService, type ThriftCall } from './thrift-server.js';
import type { ThriftProtocolName } from './thrift-types.js';

const seed = Number(process.env['FUZZ_SEED'] ?? 20_261_122);
const protocols: readonly ThriftProtocolName[] = ['compact', 'binary'];

function unframed(frame: Buffer): Buffer {
  const messages: Buffer[] = [];
  new LengthFrameReader(1e6).push(frame, (message) => messages.push(message));
  expect(messages.length).toBe(1);
  return messages[0] ?? Buffer.alloc(0);
}

function eventsOf(call: ThriftCall): Extract<ThriftCall, { kind: 'events' }> {
  if (call.kind !== 'events') throw new Error(call.problem);
  return call;
}

const append = Buffer.concat([
  Buffer.from('822101', 'hex'),
  Buffer.from('\x06append'),
  // The event, its headers {k: v}, its body.
  Buffer.from('1c1b0188016b017618026869', 'hex'),
  Buffer.from('0000', 'hex'),
]);

test('the answer to append is in the bytes as a real agent has it', () => {
  const call = eventsOf(readThriftCall(flumeService, 'compact', append));
  expect(plainEvents(call.events)).toEqual([{ headers: { k: 'v' }, body: 'hi' }]);
  expect(call.isSingle).toBe(true);
  expect(call.answer(0).toString('hex')).toBe(`0000000e82410106${Buffer.from('append').toString('hex')}05000000`);
});

describe.each(protocols)('%s', (protocol) => {
  test('what a client sends is what a server reads, and so is the answer', () => {
    const random = seededRandom(seed);
    const client = new ThriftClientSession(protocol);
    for (let round = 0; round < 300; round += 1) {
      const events = randomEvents(random);
      const { serial, frame } = client.request(columnsOf(events));
      const call = eventsOf(readThriftCall(flumeService, protocol, unframed(frame)));
      expect(plainEvents(call.events)).toEqual(events);
      expect(client.answer(unframed(call.answer(0)))).toEqual({ serial, refusal: null });
      expect(client.answer(unframed(call.answer(1))).refusal?.message).toContain('it answered FAILED');
      expect(client.answer(unframed(call.fail(new Error('why')))).refusal?.message).toContain('error: why');
    }
  });

  test('an unknown method is answered with an exception', () => {
    const { frame } = new ThriftClientSession(protocol).request(columnsOf([]));
    const call = readThriftCall(scribeService, protocol, unframed(frame));
    expect(call.kind === 'answer' && call.problem).toContain('no method "appendBatch"; there are Log');
    expect(
      call.kind === 'answer' && new ThriftClientSession(protocol).answer(unframed(call.answer)).refusal?.message,
    ).toContain('no method');
  });

  test(`damaged messages are read, answered or refused, and nothing else (FUZZ_SEED=${seed})`, () => {
    const random = seededRandom(seed);
    const client = new ThriftClientSession(protocol);
    for (let round = 0; round < 3000; round += 1) {
      const { frame } = client.request(columnsOf(randomEvents(random)));
      try {
        new LengthFrameReader(100_000).push(damaged(frame, random), (message) => {
          const service = round % 2 === 0 ? flumeService : scribeService;
          const call = readThriftCall(service, protocol, message);
          const answer = call.kind === 'events' ? call.answer(0) : call.answer;
          client.answer(damaged(answer.subarray(4), random));
        });
      } catch (error) {
        if (!(error instanceof MillraceError)) throw error;
      }
    }
  });
});

test('a message of the other protocol is refused with a hint', () => {
  const { frame } = new ThriftClientSession('binary').request(columnsOf([]));
  expect(() => readThriftCall(flumeService, 'compact', unframed(frame))).toThrow(
    'is protocol (compact, binary) the same',
  );
  expect(() => readThriftCall(flumeService, 'binary', append)).toThrow('is protocol (compact, binary) the same');
});

test('entries of Scribe become events with their category, with and without a version before the call', () => {
  const entry = (category: string, message: string): Buffer =>
    Buffer.concat([text(1, category), text(2, message), Buffer.from([0])]);
  const text = (id: number, value: string): Buffer => {
    const head = Buffer.alloc(7);
    head.writeUInt8(11, 0);
    head.writeInt16BE(id, 1);
    head.writeInt32BE(Buffer.byteLength(value), 3);
    return Buffer.concat([head, Buffer.from(value)]);
  };
  const args = Buffer.concat([
    Buffer.from('0f00010c00000003', 'hex'),
    entry('web', 'a'),
    entry('web', 'ü'),
    Buffer.concat([text(2, 'no category'), Buffer.from([0])]),
    Buffer.from([0]),
  ]);
  const versioned = Buffer.concat([Buffer.from('80010001000000034c6f6700000007', 'hex'), args]);
  const plain = Buffer.concat([Buffer.from('000000034c6f670100000007', 'hex'), args]);
  for (const message of [versioned, plain]) {
    const call = eventsOf(readThriftCall(scribeService, 'binary', message));
    expect(plainEvents(call.events)).toEqual([
      { headers: { category: 'web' }, body: 'a' },
      { headers: { category: 'web' }, body: 'ü' },
      { headers: {}, body: 'no category' },
    ]);
    expect(call.answer(1).toString('hex')).toBe('0000001780010002000000034c6f67000000070800000000000100');
  }
});

test('a call that wants no answer gets none', () => {
  const oneway = Buffer.from(append);
  oneway.writeUInt8(0x81, 1);
  expect(eventsOf(readThriftCall(flumeService, 'compact', oneway)).answer(0).length).toBe(0);
});

test('fields that are not known are stepped over, whatever they are', () => {
  const unknown = Buffer.concat([
    Buffer.from('80010001', 'hex'),
    Buffer.from('00000006', 'hex'),
    Buffer.from('append'),
    Buffer.from('00000001', 'hex'),
    // Field 9: a map of i32 by list of bool; field 1: the event, with a struct, a double and a set in it.
    Buffer.from('0d0009' + '080f' + '00000001' + '00000007' + '02' + '00000002' + '0100', 'hex'),
    Buffer.from(
      '0c0001' + '0c0005' + '0200010100' + '0400063ff0000000000000' + '0e0007' + '0a00000001' + '0000000000000001',
      'hex',
    ),
    Buffer.from('0b0002000000026869' + '0d00010b0b00000000' + '00' + '00', 'hex'),
  ]);
  const call = eventsOf(readThriftCall(flumeService, 'binary', unknown));
  expect(plainEvents(call.events)).toEqual([{ headers: {}, body: 'hi' }]);
});

test('nesting is bounded', () => {
  const deep = Buffer.concat([append.subarray(0, 10), Buffer.alloc(1000, 0x2c)]);
  expect(() => readThriftCall(flumeService, 'compact', deep)).toThrow('nested more than 32 times');
});

test('a message in many small pieces is joined as it comes', () => {
  const message = Buffer.from(Array.from({ length: 5000 }, (_, at) => at % 251));
  const pieces = new MessagePieces();
  for (let at = 0; at < message.length; at += 1) pieces.add(message.subarray(at, at + 1));
  pieces.add(Buffer.alloc(10_000, 1));
  pieces.add(message);
  expect(pieces.bytes).toBe(20_000);
  expect(pieces.take().equals(Buffer.concat([message, Buffer.alloc(10_000, 1), message]))).toBe(true);
  expect(pieces.take().length).toBe(0);
});

test('frames may come in any pieces', () => {
  const stream = Buffer.from('00000003616263' + '00000000' + '0000000164', 'hex');
  for (let size = 1; size <= stream.length; size += 1) {
    const seen: string[] = [];
    const reader = new LengthFrameReader(10);
    for (let at = 0; at < stream.length; at += size) {
      reader.push(stream.subarray(at, at + size), (message) => seen.push(message.toString()));
    }
    expect(seen).toEqual(['abc', '', 'd']);
  }
  expect(() => new LengthFrameReader(10).push(Buffer.from('GET / HTTP/1.1'), () => undefined)).toThrow('framed');
});
