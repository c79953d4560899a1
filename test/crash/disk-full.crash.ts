import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { batchOf } from '../conformance/batches.js';
import { RawClient } from '../conformance/raw-client.js';
import { createTopic, fetchOne, produce, type TestTopic } from '../conformance/target.js';
import { sleep } from '../peers/child.js';
import { CrashBed, report } from './crash-bed.js';
import { followLog, LedgerProducer } from './ledger-clients.js';
import { Ledger } from './ledger.js';
import { canInject } from './topic-process.js';

const rounds = Number(process.env['ROUNDS'] ?? 12);
const recordsPerRound = 600;
const healMsMax = 5_000;
const waitMsMax = 20_000;

/** A load of its own for each bed, and what is looked at while the disk is full. */
class FullDisk {
  readonly ledger = new Ledger();
  readonly producers: LedgerProducer[];
  readonly load: Promise<unknown>;
  private allowed = recordsPerRound;
  private isOver = false;

  constructor(
    private readonly bed: CrashBed,
    private readonly topic: TestTopic,
  ) {
    const { address } = bed.process;
    this.producers = [0, 1].map(
      (index) => new LedgerProducer(address, topic, this.ledger, index, index === 0 ? -1 : 1),
    );
    this.load = Promise.all([
      ...this.producers.map((each) => each.run({ isOver: () => this.isOver, allowed: () => this.allowed })),
      followLog(address, topic, this.ledger, () => this.isOver),
    ]);
  }

  /** Lets the producers send more. */
  sendMore(): void {
    this.allowed += recordsPerRound;
  }

  /** Waits until an append was refused since `before`. */
  async untilRefused(before: number): Promise<void> {
    await until('an append is refused', () => this.refusals > before);
  }

  /** Waits until all that may be sent is acknowledged; gives the milliseconds until the first acknowledgement. */
  async untilTaken(): Promise<number> {
    const began = performance.now();
    const before = this.ledger.acked;
    await until('an append is taken', () => this.ledger.acked > before);
    const firstMs = performance.now() - began;
    await until('all are taken', () =>
      this.producers.every((each) => each.unknown === 0 && each.produced >= this.allowed),
    );
    return firstMs;
  }

  get refusals(): number {
    return this.producers.reduce((sum, each) => sum + [...each.refused.values()].reduce((a, b) => a + b, 0), 0);
  }

  /** Reads and commits as if nothing were wrong. */
  async useOtherwise(round: number): Promise<void> {
    const client = await RawClient.connect(this.bed.process.address);
    try {
      const read = await fetchOne(client, { topic: this.topic, offset: 0 });
      expect(read.errorCode).toBe(kafkaError.NONE);
      for (let count = 0; count < 20; count += 1) {
        const answer = await client.call(apis.offsetCommit, 8, {
          groupId: 'reader',
          generationIdOrMemberEpoch: -1,
          memberId: '',
          topics: [
            {
              name: this.topic.name,
              partitions: [{ partitionIndex: 0, committedOffset: round * 100 + count }],
            },
          ],
        });
        expect(answer.topics[0]?.partitions[0]?.errorCode).toBe(kafkaError.NONE);
      }
    } finally {
      client.close();
    }
  }

  async finish(name: string, figures: Readonly<Record<string, number>>): Promise<void> {
    this.isOver = true;
    await this.load;
    const found = await this.bed.audit(this.ledger, this.topic);
    const codes = new Set(this.producers.flatMap((each) => [...each.refused.keys()]));
    report(name, {
      produced: this.producers.reduce((sum, each) => sum + each.produced, 0),
      ...found,
      violations: this.ledger.violations.length,
      refusals: this.refusals,
      ...figures,
    });
    expect(this.ledger.violations).toEqual([]);
    expect(found).toMatchObject({ lost: 0, altered: 0, repeated: 0, disordered: 0, gaps: 0 });
    // One on which every client tries again.
    expect([...codes]).toEqual([kafkaError.KAFKA_STORAGE_ERROR]);
    expect(this.bed.process.child.exitCode).toBeUndefined();
  }
}

async function until(what: string, done: () => boolean): Promise<void> {
  const deadline = performance.now() + waitMsMax;
  while (!done()) {
    if (performance.now() > deadline) throw new Error(`not in ${waitMsMax} ms: ${what}`);
    await sleep(10);
  }
}

function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0;
}

function mountMemory(path: string): boolean {
  mkdirSync(path, { recursive: true });
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', path], { stdio: 'ignore' }).status === 0;
}

describe('The topic service on a full disk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-full-'));
  const isMounted = mountMemory(folder);
  afterAll(() => {
    if (isMounted) spawnSync('umount', [folder]);
    rmSync(folder, { recursive: true, force: true });
  });

  (isMounted ? it : it.skip)(
    `refuses records, reads and commits, and heals by itself, in ${rounds} rounds of fill and free`,
    async () => {
      const began = performance.now();
      const bed = await CrashBed.make(28_394, [], join(folder, 'data'));
      try {
        await bed.process.start();
        const disk = new FullDisk(bed, await bed.topic({ 'segment.bytes': '1048576' }));
        await disk.untilTaken();
        let slowestMs = 0;
        for (let round = 0; round < rounds; round += 1) {
          const filler = join(folder, 'filler');
          await until('there is a reserve', () => sizeOf(join(folder, 'data', 'topics', 'reserve')) > 0);
          fill(filler);
          const before = disk.refusals;
          disk.sendMore();
          await disk.untilRefused(before);
          await disk.useOtherwise(round);
          // Others may take what was given up, too.
          if (round % 2 === 1) fill(filler);
          rmSync(filler);
          slowestMs = Math.max(slowestMs, await disk.untilTaken());
        }
        await disk.finish('full disk', {
          rounds,
          'slowest healing ms': Math.round(slowestMs),
          'wall s': Math.round((performance.now() - began) / 1000),
        });
        expect(slowestMs).toBeLessThan(healMsMax);
      } finally {
        await bed.dispose();
      }
    },
    300_000,
  );

  (canInject() ? it : it.skip)(
    'goes on after any write that found no room',
    async () => {
      const began = performance.now();
      const bed = await CrashBed.make(28_395, ['log.checkpoint.ms=100', 'log.checkpoint.bytes=200000']);
      try {
        await bed.process.start();
        const disk = new FullDisk(bed, await bed.topic({ 'segment.bytes': '1048576' }));
        await disk.untilTaken();
        for (let round = 0; round < rounds; round += 1) {
          await bed.process.kill();
          const first = 1 + round * 7;
          const fault = `error=ENOSPC:when=${first}..${first + 4}`;
          const isUp = await bed.process.start({ calls: 'pwritev,pwrite64', fault });
          if (!isUp) throw new Error(bed.process.child.output());
          disk.sendMore();
          await disk.untilTaken();
        }
        await disk.finish('no room at the n-th write', {
          rounds,
          'wall s': Math.round((performance.now() - began) / 1000),
        });
      } finally {
        await bed.dispose();
      }
    },
    300_000,
  );

  it('stays within its disk budget until retention makes room', async () => {
    const bed = await CrashBed.make(28_396, ['log.disk.budget.bytes=1000000', 'log.retention.check.interval.ms=200']);
    try {
      await bed.process.start();
      const client = await RawClient.connect(bed.process.address);
      const old = await createTopic(client);
      const batch = batchOf(['v'.repeat(800_000)]);
      expect((await produce(client, { topic: old, batch })).errorCode).toBe(kafkaError.NONE);
      const disk = new FullDisk(bed, await bed.topic({ 'segment.bytes': '1048576' }));
      while (disk.refusals === 0) {
        disk.sendMore();
        await sleep(50);
      }
      await disk.useOtherwise(0);
      await client.call(apis.deleteTopics, 5, { topicNames: [old.name], timeoutMs: 5_000 });
      client.close();
      const healedMs = await disk.untilTaken();
      await disk.finish('disk budget', { 'healing ms': Math.round(healedMs) });
      expect(healedMs).toBeLessThan(healMsMax);
    } finally {
      await bed.dispose();
    }
  }, 60_000);
});

/** Takes all room that is left. */
function fill(path: string): void {
  const file = openSync(path, 'a');
  try {
    for (let bytes = 1 << 20; bytes >= 512; bytes >>= 1) writeWhile(file, Buffer.alloc(bytes, 1));
  } finally {
    closeSync(file);
  }
}

function writeWhile(file: number, block: Buffer): void {
  try {
    while (writeSync(file, block) === block.length);
  } catch (error) {
    if (!String(error).includes('ENOSPC')) throw error;
  }
}
