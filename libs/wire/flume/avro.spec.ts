import avsc from 'avsc';
import { MillraceError } from '#std/errors';
import { seededRandom } from '#std/random';
import { AvroClientSession } from './avro-client.js';
import { readEvent, readEvents, writeEvents } from './avro-events.js';
import { checkProtocol, flumeHash, hashOf, protocolHash, protocolText } from './avro-protocol.js';
import { AvroReader } from './avro-reader.js';
import { AvroServerSession, KnownClients, type AvroCall } from './avro-server.js';
import { columnsOf, damaged, plainEvents, randomEvents, type PlainEvent } from './events.testkit.js';
import { GrowingBuffer } from './growing-buffer.js';
import { NettyFrameReader, nettyFrame } from './netty-frames.js';

/** Another's implementation of Avro, to compare with. */
const listType = avsc.Type.forSchema({
  type: 'array',
  items: {
    type: 'record',
    name: 'AvroFlumeEvent',
    fields: [
      { name: 'headers', type: { type: 'map', values: 'string' } },
      { name: 'body', type: 'bytes' },
    ],
  },
});
const theirs = (events: readonly PlainEvent[]): Buffer =>
  listType.toBuffer(events.map(({ headers, body }) => ({ headers, body: Buffer.from(body) })));
const ours = (events: readonly PlainEvent[]): Buffer => {
  const out = new GrowingBuffer(16);
  writeEvents(out, columnsOf(events));
  return out.finish();
};

const seed = Number(process.env['FUZZ_SEED'] ?? 20_261_122);

test('an event is in the bytes as a real agent has it', () => {
  const bytes = Buffer.from('02026b0276000468 69'.replace(' ', ''), 'hex');
  expect(plainEvents(readEvent(new AvroReader(bytes)))).toEqual([{ headers: { k: 'v' }, body: 'hi' }]);
  expect(ours([{ headers: { k: 'v' }, body: 'hi' }]).toString('hex')).toBe(`02${bytes.toString('hex')}00`);
});

test('events are encoded as another implementation does, and read back', () => {
  const random = seededRandom(seed);
  for (let round = 0; round < 300; round += 1) {
    const events = randomEvents(random);
    expect(plainEvents(readEvents(new AvroReader(theirs(events))))).toEqual(events);
    expect(listType.fromBuffer(ours(events))).toEqual(listType.fromBuffer(theirs(events)));
  }
});

test('a header that all events share is one value', () => {
  const events = Array.from({ length: 5 }, (_, index) => ({ headers: { host: 'a', n: String(index) }, body: '' }));
  const { headers } = readEvents(new AvroReader(theirs(events)));
  expect(headers.get('host')).toBe('a');
  expect(headers.get('n')).toEqual(['0', '1', '2', '3', '4']);
});

test('blocks of an array may have their size in bytes, and there may be several', () => {
  const event = theirs([{ headers: {}, body: 'x' }]).subarray(1, -1);
  const block = Buffer.concat([Buffer.from([1, event.length * 2]), event]);
  const bytes = Buffer.concat([block, block, Buffer.from([0])]);
  expect(readEvents(new AvroReader(bytes)).starts.length).toBe(2);
});

test.each([
  ['more events than bytes', Buffer.from([0xfe, 0xff, 0xff, 0xff, 0x0f])],
  ['a length of nearly all numbers', Buffer.from([2, 2, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])],
  ['a negative length', Buffer.from([2, 0, 1, 0])],
  ['a number without an end', Buffer.alloc(20, 0xff)],
])('%s is refused before memory is taken', (_, bytes) => {
  expect(() => readEvents(new AvroReader(bytes))).toThrow(MillraceError);
});

test('header names that differ from event to event are bounded', () => {
  const events = Array.from({ length: 4000 }, (_, index) => ({ headers: { [`n${index}`]: '' }, body: '' }));
  expect(() => readEvents(new AvroReader(theirs(events)))).toThrow('too many different header names');
});

describe('handshakes', () => {
  const request = (parts: { hash: Buffer; text?: string; serverHash: Buffer; rest?: Buffer }): Buffer => {
    const text = Buffer.from(parts.text ?? '');
    const length = new GrowingBuffer(8);
    length.zigzag(text.length);
    return Buffer.concat([
      parts.hash,
      parts.text === undefined ? Buffer.from([0]) : Buffer.concat([Buffer.from([2]), length.finish(), text]),
      parts.serverHash,
      Buffer.from([0]),
      parts.rest ?? Buffer.alloc(0),
    ]);
  };
  const append = Buffer.concat([Buffer.from([0, 12]), Buffer.from('append'), Buffer.from([0, 4]), Buffer.from('hi')]);
  const answered = (call: AvroCall): string =>
    (call.kind === 'events' ? call.answer('OK') : call.answer).toString('hex');
  const javaText = protocolText.replace('{"protocol"', '{"doc":"a licence","protocol"');
  const javaHash = hashOf(javaText);

  test('an unknown hash gets NONE, our protocol and its hash, and nothing else', () => {
    const session = new AvroServerSession(new KnownClients());
    const bytes = answered(session.read(request({ hash: javaHash, serverHash: javaHash })));
    const head = new GrowingBuffer(8);
    head.zigzag(protocolText.length);
    const protocol = `${head.finish().toString('hex')}${Buffer.from(protocolText).toString('hex')}`;
    expect(bytes).toBe(`0402${protocol}02${protocolHash.toString('hex')}00`);
  });

  test('its text with the right hash of ours then gets BOTH and the answer; later requests have no handshake', () => {
    const session = new AvroServerSession(new KnownClients());
    session.read(request({ hash: javaHash, serverHash: javaHash }));
    const call = session.read(request({ hash: javaHash, text: javaText, serverHash: protocolHash, rest: append }));
    expect(answered(call)).toBe('00000000000000');
    expect(answered(session.read(append))).toBe('000000');
    const refused = session.read(append);
    expect(refused.kind === 'events' && refused.answer('FAILED').toString('hex')).toBe('000002');
  });

  test('a wrong hash of ours gets CLIENT, our protocol and the answer', () => {
    const session = new AvroServerSession(new KnownClients());
    const call = session.read(request({ hash: javaHash, text: javaText, serverHash: javaHash, rest: append }));
    expect(answered(call).slice(0, 2)).toBe('02');
    expect(answered(call).slice(-8)).toBe('00000000');
  });

  test('what one connection has learnt holds for the others, and Flume 1.11 is known from the start', () => {
    const clients = new KnownClients();
    new AvroServerSession(clients).read(
      request({ hash: javaHash, text: javaText, serverHash: javaHash, rest: append }),
    );
    for (const hash of [javaHash, flumeHash, protocolHash]) {
      const call = new AvroServerSession(clients).read(request({ hash, serverHash: protocolHash, rest: append }));
      expect(answered(call)).toBe('00000000000000');
    }
  });

  test('a ping is answered by the handshake alone', () => {
    const session = new AvroServerSession(new KnownClients());
    const ping = request({ hash: protocolHash, serverHash: protocolHash, rest: Buffer.from([0, 0]) });
    expect(answered(session.read(ping))).toBe('00000000');
    expect(answered(session.read(Buffer.from([0, 0])))).toBe('');
  });

  test('an unknown message is answered with an error', () => {
    const session = new AvroServerSession(new KnownClients());
    session.read(request({ hash: protocolHash, serverHash: protocolHash, rest: append }));
    const bytes = answered(session.read(Buffer.from('000678797a', 'hex')));
    expect(bytes.slice(0, 6)).toBe('000100');
    expect(Buffer.from(bytes, 'hex').toString()).toContain('There is no message "xyz"');
  });

  test.each([
    ['a text that is not the hash’s', protocolText, protocolHash.map((byte) => byte ^ 1), /hash of its protocol/],
    ['no JSON', 'nonsense', hashOf('nonsense'), /no JSON/],
    ['other events', protocolText.replace('"body"', '"bytes"'), null, /AvroFlumeEvent is not/],
  ])('%s: requests are answered with an error', (_, text, hash, expected) => {
    const session = new AvroServerSession(new KnownClients());
    const call = session.read(
      request({ hash: Buffer.from(hash ?? hashOf(text)), text, serverHash: protocolHash, rest: append }),
    );
    expect(call.kind === 'answer' && call.problem).toMatch(expected);
  });

  test('protocols with documentation and Java’s string types are as ours', () => {
    const text = protocolText.replace('"values":"string"', '"values":{"type":"string","avro.java.string":"String"}');
    expect(checkProtocol(text)).toEqual({ statuses: ['OK', 'FAILED', 'UNKNOWN'] });
  });
});

describe('a client', () => {
  /** Answers what the client asks, as a server does. */
  function exchange(
    client: AvroClientSession,
    server: AvroServerSession,
    events: PlainEvent[],
    status: 'OK' | 'FAILED',
  ) {
    const { serial, frame } = client.request(columnsOf(events));
    let outcome: Error | null | undefined;
    new NettyFrameReader(1e6).push(frame, (echoed, message) => {
      const call = server.read(message);
      if (call.kind !== 'events') throw new Error('no events');
      expect(plainEvents(call.events)).toEqual(events);
      outcome = client.answer(echoed, call.answer(status));
      expect(echoed).toBe(serial);
    });
    return outcome;
  }

  test('needs no second try for its handshake, and then none', () => {
    const client = new AvroClientSession();
    const server = new AvroServerSession(new KnownClients());
    const events = [{ headers: { a: 'ü' }, body: 'x' }];
    expect(exchange(client, server, events, 'OK')).toBeNull();
    expect(exchange(client, server, events, 'OK')).toBeNull();
    expect(exchange(client, server, [], 'FAILED')?.message).toContain('it answered FAILED');
  });

  test('takes answers in any order, and none that it did not ask for', () => {
    const client = new AvroClientSession();
    const server = new AvroServerSession(new KnownClients());
    exchange(client, server, [], 'OK');
    const [first, second] = [client.request(columnsOf([])), client.request(columnsOf([]))];
    expect(client.answer(second.serial, Buffer.from([0, 0, 2]))?.message).toContain('FAILED');
    expect(client.answer(first.serial, Buffer.from([0, 0, 0]))).toBeNull();
    expect(() => client.answer(first.serial, Buffer.from([0, 0, 0]))).toThrow('nobody asked');
  });
});

describe('frames', () => {
  test('may come in any pieces, and hold any number of buffers', () => {
    const message = Buffer.from('0123456789');
    const several = Buffer.concat([
      Buffer.from('0000000700000003', 'hex'),
      Buffer.from('00000003', 'hex'),
      message.subarray(0, 3),
      Buffer.from('0000000000000007', 'hex'),
      message.subarray(3),
    ]);
    const stream = Buffer.concat([several, nettyFrame(8, message), Buffer.from('0000000900000000', 'hex'), several]);
    for (let size = 1; size <= stream.length; size += 1) {
      const reader = new NettyFrameReader(1000);
      const seen: string[] = [];
      for (let at = 0; at < stream.length; at += size) {
        reader.push(stream.subarray(at, at + size), (serial, bytes) => seen.push(`${serial}:${bytes.toString()}`));
      }
      expect(seen).toEqual(['7:0123456789', '8:0123456789', '9:', '7:0123456789']);
      expect(reader.isInsideFrame).toBe(false);
    }
  });

  test.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['TLS', Buffer.from('160301020001000001fc0303', 'hex')],
    ['a buffer over the limit', Buffer.from('00000001000000010000ffff', 'hex')],
    ['buffers over the limit together', Buffer.from('00000001000000ff', 'hex')],
    ['a negative length', Buffer.from('0000000100000001ffffffff', 'hex')],
    ['a negative count', Buffer.from('00000001ffffffff', 'hex')],
  ])('%s is refused at once', (_, bytes) => {
    expect(() => new NettyFrameReader(1000).push(bytes, () => undefined)).toThrow(MillraceError);
  });
});

test(`damaged messages are read, answered or refused, and nothing else (FUZZ_SEED=${seed})`, () => {
  const random = seededRandom(seed);
  for (let round = 0; round < 3000; round += 1) {
    const { frame } = new AvroClientSession().request(columnsOf(randomEvents(random)));
    const session = new AvroServerSession(new KnownClients());
    const client = new AvroClientSession();
    const { serial } = client.request(columnsOf([]));
    try {
      new NettyFrameReader(100_000).push(damaged(frame, random), (_, message) => {
        const call = session.read(message);
        if (call.kind === 'events') client.answer(serial, damaged(call.answer('OK'), random));
      });
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
    }
  }
});
