import { assign, type AssignorName } from '#topics/assignors';
import { decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription } from '#topics/consumer-protocol';
import { FrameReader } from '#topics/frame-reader';
import { murmur2, partitionOfKey } from '#topics/partitioner';

describe("Kafka's consumer protocol", () => {
  it('writes a subscription as Kafka does', () => {
    expect(encodeSubscription({ topics: ['b', 'a'] }).toString('hex')).toBe(
      '0001' + '00000002' + '000161' + '000162' + 'ffffffff' + '00000000',
    );
  });

  it('reads subscriptions of version 0 and of versions newer than ours', () => {
    const topics = '00000001' + '000161' + 'ffffffff';
    for (const bytes of [`0000${topics}`, `0003${topics}00000000000000050002aabb`]) {
      expect(decodeSubscription(Buffer.from(bytes, 'hex'))).toEqual({ topics: ['a'] });
    }
  });

  it('writes an assignment as Kafka does, and reads it back', () => {
    const partitions = [
      { topic: 'a', partition: 0 },
      { topic: 'a', partition: 2 },
      { topic: 'b', partition: 1 },
    ];
    const bytes = encodeAssignment([...partitions].reverse());
    expect(bytes.toString('hex')).toBe(
      '0001' +
        '00000002' +
        '000161' +
        '00000002' +
        '00000000' +
        '00000002' +
        '000162' +
        '00000001' +
        '00000001' +
        'ffffffff',
    );
    expect(decodeAssignment(bytes)).toEqual(partitions);
    expect(decodeAssignment(Buffer.alloc(0))).toEqual([]);
  });

  it('refuses bytes that end too early', () => {
    expect(() => decodeAssignment(Buffer.from('000100000001', 'hex'))).toThrow(/bytes expected/);
  });
});

describe('an assignor', () => {
  const counts: Readonly<Record<string, number>> = { a: 3, b: 3, none: 0 };
  const cases: readonly {
    name: AssignorName;
    members: Readonly<Record<string, string>>;
    result: Readonly<Record<string, string>>;
  }[] = [
    { name: 'range', members: { m1: 'a,b', m2: 'a,b' }, result: { m1: 'a0 a1 b0 b1', m2: 'a2 b2' } },
    { name: 'roundrobin', members: { m1: 'a,b', m2: 'a,b' }, result: { m1: 'a0 a2 b1', m2: 'a1 b0 b2' } },
    { name: 'range', members: { m1: 'a', m2: 'a,b' }, result: { m1: 'a0 a1', m2: 'a2 b0 b1 b2' } },
    { name: 'roundrobin', members: { m1: 'a', m2: 'b' }, result: { m1: 'a0 a1 a2', m2: 'b0 b1 b2' } },
    {
      name: 'range',
      members: { m1: 'a', m2: 'a', m3: 'a', m4: 'a' },
      result: { m1: 'a0', m2: 'a1', m3: 'a2', m4: '' },
    },
    { name: 'range', members: { m1: 'none' }, result: { m1: '' } },
  ];
  for (const { name, members, result } of cases) {
    it(`${name} gives ${JSON.stringify(members)} ${JSON.stringify(result)}`, () => {
      const list = Object.entries(members).map(([memberId, topics]) => ({
        memberId,
        groupInstanceId: null,
        topics: topics.split(','),
      }));
      const assigned = assign(name, list, (topic) => counts[topic] ?? 0);
      const shown = [...assigned].map(([id, own]) => [
        id,
        own.map(({ topic, partition }) => `${topic}${partition}`).join(' '),
      ]);
      expect(Object.fromEntries(shown)).toEqual(result);
    });
  }
});

describe('the default partitioner', () => {
  // Vectors that Kafka's own clients are tested with.
  const vectors: readonly [string, number][] = [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ];
  for (const [key, hash] of vectors) {
    it(`hashes ${key} as Kafka does`, () => {
      expect(murmur2(Buffer.from(key))).toBe(hash);
      expect(partitionOfKey(Buffer.from(key), 7)).toBe((hash & 0x7fffffff) % 7);
    });
  }
});

describe('a frame reader', () => {
  it('finds the same frames however the bytes come in pieces', () => {
    const texts = ['', 'a', 'bc', 'x'.repeat(1000), 'end'];
    const stream = Buffer.concat(
      texts.flatMap((text) => {
        const size = Buffer.alloc(4);
        size.writeInt32BE(text.length);
        return [size, Buffer.from(text)];
      }),
    );
    for (const step of [1, 2, 3, 5, 7, 64, 999, stream.length]) {
      const found: string[] = [];
      const reader = new FrameReader((frame) => void found.push(frame.toString()));
      for (let at = 0; at < stream.length; at += step) reader.push(stream.subarray(at, at + step));
      expect(found).toEqual(texts);
    }
  });

  it('refuses a size that cannot be one', () => {
    const reader = new FrameReader(() => undefined);
    expect(() => reader.push(Buffer.from('ffffffff', 'hex'))).toThrow(RangeError);
  });
});
