import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChannelSink, ComponentContext, ComponentType, SinkTaskPlan } from '#pipeline/collector';
import { EventBatch } from '#pipeline/event-batch';
import { EventSinkBatch } from '#pipeline/event-sink-batch';
import type { SinkBatch } from '#pipeline/sink-batch';
import { systemClock, type Clock } from '#std/clock';
import { silentLogger, type Logger } from '#std/log';

const folder = mkdtempSync(join(tmpdir(), 'millrace-flume-sink-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A sink's surroundings for specs. */
export class TestSinkContext implements ComponentContext {
  readonly name = 'k1';
  readonly stateDirectory = mkdtempSync(join(folder, 'state-'));
  readonly counters = new Map<string, number>();
  readonly logged: string[] = [];
  readonly logger: Logger;
  error: unknown = null;

  constructor(readonly clock: Clock = systemClock) {
    const log = (message: string): void => {
      this.logged.push(message);
    };
    this.logger = { ...silentLogger, info: log, warn: log, error: log };
  }

  count(counter: string, by: number): void {
    this.counters.set(counter, (this.counters.get(counter) ?? 0) + by);
  }

  reportError(error: unknown): void {
    this.error = error;
  }
}

/** A folder of this spec's own. */
export function testFolder(): string {
  return mkdtempSync(join(folder, 'files-'));
}

export function createSink(
  type: ComponentType<ChannelSink>,
  options: Readonly<Record<string, string>>,
  logger: Logger = silentLogger,
): ChannelSink {
  return type.create({
    agent: 'a1',
    name: 'k1',
    options,
    services: { bootstrap: '127.0.0.1:9092', clock: systemClock, logger },
  });
}

export async function startSink(
  type: ComponentType<ChannelSink>,
  options: Readonly<Record<string, string>>,
  context = new TestSinkContext(),
): Promise<ChannelSink> {
  const sink = createSink(type, options, context.logger);
  await sink.start(context);
  return sink;
}

/** Events of one text each, all with the same headers. */
export function events(texts: readonly string[], headers: Readonly<Record<string, string>> = {}): EventBatch {
  return EventBatch.of(texts.map((text) => ({ body: Buffer.from(text), headers })));
}

export async function eventually(wanted: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!(await wanted())) {
    if (Date.now() > deadline) throw new Error(`It did not happen in time: ${what}`);
    await systemClock.sleep(10);
  }
}

/** How the sink runs behind a topic. */
export function taskOf(
  type: ComponentType<ChannelSink>,
  options: Readonly<Record<string, string>>,
  context = new TestSinkContext(),
): SinkTaskPlan | null {
  const services = { bootstrap: '127.0.0.1:9092', clock: context.clock, logger: context.logger };
  return type.createTask?.({ agent: 'a1', name: 'k1', options, services }, context) ?? null;
}

export async function startTask(plan: SinkTaskPlan | null): Promise<void> {
  const stateDirectory = mkdtempSync(join(folder, 'task-'));
  await plan?.sink.start({
    name: 'a1-k1',
    task: 0,
    clock: systemClock,
    logger: silentLogger,
    ownerEpoch: 1,
    stateDirectory,
  });
}

/** Records of a channel's topic, from offset 100 on. */
export function recordsOf(...bodies: readonly string[]): SinkBatch {
  const batch = EventBatch.of(bodies.map((body) => ({ body: Buffer.from(body) })));
  return new EventSinkBatch(batch, { topic: 'channel', partition: 0, firstOffset: 100, timeMs: 0 });
}
