import { messageOf } from '#std/errors';
import { seededRandom, type Random } from '#std/random';
import { SimulatedDisk } from '#std/simulated-disk';
import type { LocalEngine } from '../local-engine.js';
import { MemoryCatalog } from '../memory-catalog.js';
import { openEngine } from './engine-fixture.js';
import { ManualClock } from './manual-clock.js';

export interface LivesSpec {
  readonly lives: number;
  /** Each life ends at one of so many first operations of its disk, unless its work is done before. */
  readonly operationsMax: number;
  /** Of the topic `t`. */
  readonly partitions: number;
}

/**
 * One engine on one disk through several lives, each ended by a power cut or a kill at a random operation. What a life does and what
 * has to hold at the start of the next one is the subclass's.
 */
export abstract class CrashLives {
  protected readonly random: Random;
  protected readonly clock = new ManualClock();
  protected readonly config: Record<string, string>;
  protected engine!: LocalEngine;
  protected topicId = '';
  private readonly catalog = new MemoryCatalog();
  private disk: SimulatedDisk;

  constructor(
    protected readonly seed: number,
    private readonly spec: LivesSpec,
  ) {
    this.random = seededRandom(seed);
    this.disk = new SimulatedDisk({ random: this.random });
    this.config = {
      'log.checkpoint.bytes': String(200 + this.pick(3000)),
      'log.cache.bytes': this.pick(2) === 0 ? '0' : '2000',
      'log.open.files': '16',
    };
  }

  /** Settings of the topic `t`. */
  protected abstract topicConfigs(): Readonly<Record<string, string>>;

  /** Throws where something was lost or changed. */
  protected abstract check(): Promise<void>;

  protected abstract work(): Promise<void>;

  async all(): Promise<void> {
    for (let life = 0; life < this.spec.lives; life += 1) {
      this.disk.haltIn(this.pick(this.spec.operationsMax));
      await this.untilHalt(this.live());
      // A killed process leaves what it wrote unsynced to the next one, and to the cut after that.
      this.disk = this.pick(3) === 0 ? this.disk.kill() : this.disk.crash(this.random);
    }
    await this.open();
    await this.check();
  }

  /** 0 to below `count`. */
  protected pick(count: number): number {
    return Math.floor(this.random.next() * count);
  }

  private async live(): Promise<void> {
    await this.open();
    await this.check();
    await this.work();
    if (this.pick(2) === 0) await this.engine.close();
  }

  private async open(): Promise<void> {
    const { disk, clock, catalog, config, seed } = this;
    this.engine = await openEngine({ disk, clock, catalog, config, seed });
    const configs = this.topicConfigs();
    const { partitions } = this.spec;
    const topic = this.engine.topics.byName('t');
    this.topicId = (topic ?? (await this.engine.topics.create({ name: 't', partitions, configs }))).id;
  }

  /** A whole life may be shorter than the operations it was given. */
  private async untilHalt(life: Promise<void>): Promise<void> {
    const failed = { error: null as unknown };
    let over = false;
    life.then(
      () => (over = true),
      (error: unknown) => {
        failed.error = error;
        over = true;
      },
    );
    for (let last = -1; !over && !(this.disk.halted && last === this.disk.operations);) {
      last = this.disk.operations;
      for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      this.clock.advance(30);
    }
    if (failed.error !== null) throw failed.error;
  }
}

/** `count` seeds from `first` on, each `step` after the one before. */
export interface Seeds {
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

/** Throws with the seed of the first one that shows a fault. */
export async function liveThrough(seeds: Seeds, livesOf: (seed: number) => CrashLives): Promise<void> {
  for (let index = 0; index < seeds.count; index += 1) {
    const seed = seeds.first + index * seeds.step;
    try {
      await livesOf(seed).all();
    } catch (error) {
      throw new Error(`seed ${seed}: ${messageOf(error)}`, { cause: error });
    }
  }
}
