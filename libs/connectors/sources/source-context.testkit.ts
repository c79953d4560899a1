import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  ComponentInput,
  ComponentType,
  PositionChanges,
  Source,
  SourceContext,
  SourcePositions,
} from '#pipeline/collector';
import type { EventBatch } from '#pipeline/event-batch';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';

export interface SeenEvent {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** All state folders of one spec file. */
const folder = mkdtempSync(join(tmpdir(), 'millrace-source-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A source's surroundings for specs: keeps what was delivered, and refuses while `refusal` is set. */
export class TestContext implements SourceContext {
  readonly name = 'r';
  readonly clock = systemClock;
  readonly logger = silentLogger;
  readonly stateDirectory = mkdtempSync(join(folder, 'source-'));
  readonly events: SeenEvent[] = [];
  readonly counters = new Map<string, number>();
  /** Not null: positions come with deliveries, as from channels that keep them; `kept` begins with what a spec puts there. */
  positions: SourcePositions | null = null;
  readonly kept = new Map<string, string>();
  refusal: Error | null = null;
  error: unknown = null;

  keepPositions(): void {
    this.positions = { load: () => Promise.resolve(new Map(this.kept)) };
  }

  deliver(batch: EventBatch, moved?: PositionChanges): Promise<void> {
    if (this.refusal !== null) return Promise.reject(this.refusal);
    for (const [key, position] of this.positions === null ? [] : (moved ?? [])) {
      if (position === null) this.kept.delete(key);
      else this.kept.set(key, position);
    }
    for (let index = 0; index < batch.count; index += 1) {
      this.events.push({ body: batch.body(index).toString(), headers: batch.headersOf(index) });
    }
    return Promise.resolve();
  }

  count(counter: string, by: number): void {
    this.counters.set(counter, (this.counters.get(counter) ?? 0) + by);
  }

  reportError(error: unknown): void {
    this.error = error;
  }

  get bodies(): string[] {
    return this.events.map((event) => event.body);
  }

  /** Waits until `holds`; what did not come within ten seconds is left to the expectations behind it. */
  async when(holds: () => boolean): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (!holds() && Date.now() < deadline) await systemClock.sleep(10);
  }

  /** Waits until `count` events have come; fails after five seconds. */
  async until(count: number): Promise<void> {
    const deadline = Date.now() + 5000;
    while (this.events.length < count) {
      if (Date.now() > deadline)
        throw new Error(`${this.events.length} of ${count} events: ${JSON.stringify(this.bodies)}`);
      await systemClock.sleep(10);
    }
  }
}

export function createSource(type: ComponentType<Source>, options: Readonly<Record<string, string>>): Source {
  const services = { bootstrap: '127.0.0.1:9092', clock: systemClock, logger: silentLogger };
  const input: ComponentInput = { agent: 'a1', name: 'r', options, services };
  return type.create(input);
}
