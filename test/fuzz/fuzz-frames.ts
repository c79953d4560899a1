import { randomBytes } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { BrokerWorld } from '#broker/broker.testkit';
import { handlers } from '#broker/handlers/index';
import { batchOf } from '#log/testing/engine-fixture';
import { MillraceError } from '#std/errors';
import { seededRandom } from '#std/random';
import { controlBatch } from '#wire/kafka/control-batch';
import { crc32c } from '#std/crc32c';
import { decodeRequestHeader, encodeRequest } from '#wire/kafka/frame';
import { mutateBatch, mutateFrame } from './mutations.js';
import { RandomMessages } from './random-message.js';

/**
 * Frames made from the declarations of every API in every version, then damaged, are handed to the broker as the server hands them:
 * each is answered or refused with an error that closes the connection, and nothing else happens. FUZZ_FRAMES = how many,
 * FUZZ_SEED = from where.
 */
const framesAll = Number(process.env['FUZZ_FRAMES'] ?? 1_000_000) / 2;
const seedBase = Number(process.env['FUZZ_SEED'] ?? 1);
/** A broker lives for so many frames: what they create is gone with it. */
const framesPerLife = 20_000;
const framesPerRound = 100;

/** What may be allocated at once for a frame: inflating is bounded by a hundred times the compressed size. */
const allocationMax = (frameBytes: number): number => 100 * frameBytes + 2 * 1024 * 1024;

const names = [
  'orders',
  'other',
  'g1',
  'g2',
  'tx',
  'range',
  'uniform',
  'consumer',
  'retention.ms',
  '1',
  'User:x',
  'PLAIN',
];

interface Counts {
  frames: number;
  answered: number;
  refused: number;
  largestAllocation: number;
  /** What nobody foresaw: one example of each kind. */
  readonly faults: Map<string, string>;
}

class Life {
  private readonly dice: RandomMessages;
  private readonly batches: readonly Buffer[];
  private readonly pending = new Set<Promise<unknown>>();

  private constructor(
    private readonly world: BrokerWorld,
    seed: number,
    private readonly topicId: string,
    private readonly counts: Counts,
  ) {
    this.batches = seedBatches();
    this.dice = new RandomMessages(seededRandom(seed), {
      names,
      uuids: [this.topicId, 'AAAAAAAAAAAAAAAAAAAAAA', 'AAAAAAAAAAAAAAAAAAAAAQ'],
      records: () => {
        const batch = this.dice.pick(this.batches);
        return this.dice.below(3) === 0 ? Buffer.from(batch) : mutateBatch(batch, this.dice);
      },
    });
  }

  static async run(seed: number, frames: number, counts: Counts): Promise<void> {
    const world = await BrokerWorld.open({
      'topic.partitions.max': '4',
      'group.min.session.timeout.ms': '1',
      'group.initial.rebalance.delay.ms': '0',
    });
    const topic = await world.createTopic('orders', 2);
    const life = new Life(world, seed, topic.id, counts);
    try {
      for (let sent = 0; sent < frames; sent += framesPerRound)
        await life.round(Math.min(framesPerRound, frames - sent));
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    } finally {
      await world.close();
    }
    // A broker that stops answers whoever waits.
    const left = await Promise.race([
      Promise.all(life.pending).then(() => 0),
      new Promise<number>((resolve) => setTimeout(() => resolve(life.pending.size), 10_000)),
    ]);
    expect([seed, left]).toEqual([seed, 0]);
  }

  private async round(count: number): Promise<void> {
    const abortion = new AbortController();
    for (let index = 0; index < count; index += 1) this.send(this.frame(), abortion.signal);
    await new Promise((resolve) => setImmediate(resolve));
    abortion.abort();
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** A frame without its size. One in ten is whole, so that what follows meets a broker in some state. */
  private frame(): Buffer {
    const { dice } = this;
    const { api } = dice.pick(handlers);
    const version = api.minVersion + dice.below(api.maxVersion - api.minVersion + 1);
    const clientId = dice.pick(['fuzz', null, '']);
    const body = dice.body(api.request.fields, version);
    const whole = Buffer.concat(encodeRequest(api, version, { correlationId: 7, clientId }, body)).subarray(4);
    return dice.below(10) === 0 ? whole : mutateFrame(whole, dice);
  }

  private send(frame: Buffer, signal: AbortSignal): void {
    this.counts.frames += 1;
    watched.largest = 0;
    try {
      const header = decodeRequestHeader(frame);
      const handler = this.world.broker.handler(header.apiKey);
      if (
        handler === null ||
        header.apiVersion < handler.api.minVersion ||
        header.apiVersion > handler.api.maxVersion
      ) {
        this.counts.refused += 1;
        return;
      }
      const answer = handler.respond(this.world.context(header.clientId, signal), header, frame);
      if (answer instanceof Promise) {
        const settled: Promise<void> = answer
          .then(
            () => this.answered(),
            (error: unknown) => this.refused(error, frame),
          )
          .finally(() => this.pending.delete(settled));
        this.pending.add(settled);
      } else {
        this.answered();
      }
    } catch (error) {
      this.refused(error, frame);
    }
    this.counts.largestAllocation = Math.max(this.counts.largestAllocation, watched.largest);
    if (watched.largest > allocationMax(frame.length)) {
      this.fault(frame, `${watched.largest} bytes allocated for a frame of ${frame.length}`);
    }
  }

  private fault(frame: Buffer, what: string): void {
    const kind = `API ${frame.readInt16BE(0)}: ${what.split('\n')[0]}`;
    if (!this.counts.faults.has(kind)) this.counts.faults.set(kind, `${what}\n${frame.toString('hex')}`);
  }

  private answered(): void {
    this.counts.answered += 1;
  }

  private refused(error: unknown, frame: Buffer): void {
    this.counts.refused += 1;
    if (error instanceof MillraceError) return;
    this.fault(frame, error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

/** The largest single allocation since it was set to 0. */
const watched = { largest: 0 };
for (const name of ['alloc', 'allocUnsafe', 'allocUnsafeSlow'] as const) {
  const original = Buffer[name].bind(Buffer);
  Buffer[name] = (size: number, ...rest: []) => {
    if (size > watched.largest) watched.largest = size;
    return original(size, ...rest);
  };
}

/** Good batches of every kind, and some that are wrong on purpose. */
function seedBatches(): Buffer[] {
  const values = ['a', 'b'.repeat(200), 'c'];
  const sequenced = { producerId: 1, producerEpoch: 0, baseSequence: 0 };
  const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
  const bombs = [
    bomb(1, gzipSync(Buffer.alloc(4 * 1024 * 1024))),
    bomb(4, zstdCompressSync(Buffer.alloc(4 * 1024 * 1024))),
    bomb(2, randomBytes(100)),
    bomb(3, Buffer.from('04224d186040827fffffff', 'hex')),
  ];
  const many = batchOf(['a']);
  many.writeInt32BE(2 ** 31 - 1, 57);
  many.writeUInt32BE(crc32c(many.subarray(21)), 17);
  return [
    ...codecs.map((codec) => batchOf(values, { codec, timestampMs: Date.now() })),
    batchOf(values, { producer: sequenced, timestampMs: Date.now() }),
    batchOf(values, { producer: { ...sequenced, isTransactional: true }, timestampMs: Date.now() }),
    controlBatch({ producerId: 1, producerEpoch: 0, coordinatorEpoch: 0, outcome: 'abort', timestampMs: 1 }),
    ...bombs,
    many,
  ];
}

/** A batch whose records are these bytes, said to be compressed. */
function bomb(codec: number, records: Buffer): Buffer {
  const batch = Buffer.concat([batchOf(['a']).subarray(0, 61), records]);
  batch.writeInt32BE(batch.length - 12, 8);
  batch.writeInt16BE(codec, 21);
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17);
  return batch;
}

/** Defines the test for half of the frames: two files, so that two workers share them. */
export function fuzzFrames(half: 0 | 1): void {
  const firstSeed = seedBase + half * 1_000_000;
  test(
    `${framesAll} damaged frames are answered or refused, and nothing else happens`,
    () => sendFrames(firstSeed),
    900_000,
  );
}

async function sendFrames(firstSeed: number): Promise<void> {
  const counts: Counts = { frames: 0, answered: 0, refused: 0, largestAllocation: 0, faults: new Map() };
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  for (let seed = firstSeed; counts.frames < framesAll; seed += 1) {
    await Life.run(seed, Math.min(framesPerLife, framesAll - counts.frames), counts);
  }
  process.off('unhandledRejection', note);
  process.stderr.write(
    `fuzz: ${JSON.stringify({ seed: firstSeed, ...counts, faults: counts.faults.size, apis: handlers.length })}\n`,
  );
  expect([...counts.faults]).toEqual([]);
  expect(unhandled).toEqual([]);
  // Both ways are taken often enough to mean something.
  expect(counts.answered).toBeGreaterThan(framesAll / 20);
  expect(counts.refused).toBeGreaterThan(framesAll / 20);
}
