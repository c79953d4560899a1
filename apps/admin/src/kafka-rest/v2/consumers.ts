import type { OnModuleDestroy } from '@nestjs/common';
import { DetailedHttpError } from '#nest/error-answer';
import type { Timer } from '#std/clock';
import type { TopicAdmin } from '#topics/topic-admin';
import { ConsumerInstance, type ConsumerSettings } from './consumer-instance.js';

/** An instance that nobody asks for so long is closed, and its partitions go to others, ms. */
const idleMsMax = 300_000;
const sweepMs = 10_000;
const instancesMax = 1000;

/** The consumers of REST Proxy v2 that live in this process. */
export class Consumers implements OnModuleDestroy {
  private readonly instances = new Map<string, ConsumerInstance>();
  private timer: Timer | null = null;

  constructor(private readonly topics: TopicAdmin) {}

  /** Throws 40902 for a name that the group has, 429 where there are too many. */
  create(settings: ConsumerSettings): ConsumerInstance {
    const key = keyOf(settings.group, settings.name);
    if (this.instances.has(key)) {
      throw new DetailedHttpError(40_902, `Group ${settings.group} has a consumer ${settings.name} already.`);
    }
    if (this.instances.size >= instancesMax) {
      throw new DetailedHttpError(429, `There are ${instancesMax} consumers; delete those that are not used.`);
    }
    const instance = new ConsumerInstance(settings, this.topics);
    this.instances.set(key, instance);
    this.armSweep();
    return instance;
  }

  /** Throws 40403. */
  find(group: string, name: string): ConsumerInstance {
    const instance = this.instances.get(keyOf(group, name));
    if (instance !== undefined) return instance;
    throw new DetailedHttpError(
      40_403,
      `Group ${group} has no consumer ${name} here. It may have been closed after ${idleMsMax / 60_000} minutes without a call.`,
    );
  }

  async delete(group: string, name: string): Promise<void> {
    const instance = this.find(group, name);
    this.instances.delete(keyOf(group, name));
    await instance.run(() => instance.release());
  }

  async onModuleDestroy(): Promise<void> {
    this.timer?.cancel();
    const instances = [...this.instances.values()];
    this.instances.clear();
    await Promise.all(instances.map((instance) => instance.release()));
  }

  private armSweep(): void {
    const { clock, logger } = this.topics.cluster;
    this.timer ??= clock.after(sweepMs, () => {
      this.timer = null;
      for (const [key, instance] of this.instances) {
        if (instance.isBusy || clock.monotonic() - instance.idleSinceMs < idleMsMax) continue;
        this.instances.delete(key);
        instance.release().catch(() => logger.warn('A consumer that was idle could not leave its group.'));
      }
      if (this.instances.size > 0) this.armSweep();
    });
  }
}

function keyOf(group: string, name: string): string {
  return JSON.stringify([group, name]);
}
