/**
 * Gives ranges of a topic to a sink once more, beside the sink itself: a sink of its own, with the same config, a group of its own and only the
 * records of the ranges, is made for the time of the replay and taken away after it. The live sink and its position are not touched. A
 * store that counts by the name of a sink sees another one: a replay adds rows where the sink inserts, and writes the same ones where it
 * upserts.
 */
import type { ControlStore } from '#control/control-store';
import { z } from 'zod';
import type { Connector } from '#control/connector';
import type { ConnectorStatus } from '#control/task';
import { resolveReferences } from '#config/references';
import { connectorSettings } from '#pipeline/connector-options';
import { MillraceError } from '#std/errors';
import type { Clock } from '#std/clock';
import type { TopicAdmin } from '#topics/topic-admin';
import { jobErrors } from './errors.js';
import { JobStopped } from './job-attempt.js';
import type { OffsetRange } from './range-reader.js';
import { recordsIn } from './record-range.js';

export interface SinkReplayOptions {
  readonly jobId: string;
  readonly sink: string;
  readonly ranges: readonly OffsetRange[];
  /** Expression (CEL) of the sink's own transforms; null: all records. */
  readonly filter: string | null;
  /** Records a second and task; 0: as the sink has it. */
  readonly rate: number;
  readonly createdBy: string;
  readonly store: ControlStore;
  readonly topics: TopicAdmin;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  progress(done: number, total: number): void;
  log(line: string): void;
}

const Reported = z.object({
  partitions: z.array(z.object({ topic: z.string(), partition: z.int(), position: z.int().nullable() })),
});
const lookMs = 500;
/** How long the tasks of the replay may take to leave their group. */
const leaveMsMax = 30_000;
const transform = 'replayRange';

export class SinkReplay {
  readonly connector: string;
  readonly group: string;

  constructor(private readonly options: SinkReplayOptions) {
    this.connector = `${options.sink}--replay-${options.jobId}`;
    this.group = `connect-${this.connector}`;
  }

  /** Resolves with how many records were shown to the sink. Goes on where a run before has begun. */
  async run(): Promise<number> {
    const { store, ranges, signal } = this.options;
    const total = recordsIn(ranges);
    try {
      if ((await store.findConnector(this.connector)) === null) await this.begin();
      await this.untilDone(total);
    } catch (error) {
      // A process that stops leaves the sink at work; the next run finds it.
      const reason: unknown = signal.aborted ? signal.reason : null;
      if (!(reason instanceof JobStopped && reason.reason !== 'cancelled')) await this.remove();
      throw error;
    }
    await this.remove();
    return total;
  }

  private async begin(): Promise<void> {
    const { store, sink, topics, ranges, createdBy } = this.options;
    const original = await store.findConnector(sink);
    if (original?.kind !== 'sink') throw new MillraceError(jobErrors.range, `There is no sink ${sink}`);
    const config = this.configOf(original);
    const settings = connectorSettings(resolveReferences(config, this.options.environment));
    if (settings.bootstrap !== null) {
      throw new MillraceError(
        jobErrors.range,
        `Sink ${sink} reads from ${settings.bootstrap}: only topics of this cluster can be replayed`,
      );
    }
    const places = ranges.map(({ topic, partition, from }) => ({ topic, partition, offset: from }));
    await topics.resetGroupOffsets(this.group, places);
    await store.createConnector({
      name: this.connector,
      kind: 'sink',
      config,
      tasksMax: Math.min(original.tasksMax, Math.max(1, ranges.length)),
      labels: { ...original.labels, 'millrace.job': this.options.jobId },
      by: createdBy,
    });
    this.options.log(`Sink ${this.connector} replays into the store of ${sink}.`);
  }

  private configOf({ config }: Connector): Record<string, string> {
    const { ranges, filter, rate } = this.options;
    const { 'topics.regex': _pattern, schedule: _schedule, name: _name, ...kept } = config;
    const bounds = ranges.map(
      ({ partition, from, to }) => `(partition == ${partition} && offset >= ${from} && offset < ${to})`,
    );
    const names = (kept['transforms'] ?? '').trim();
    const expression = `(${bounds.join(' || ')})${filter === null ? '' : ` && (${filter})`}`;
    return {
      ...kept,
      name: this.connector,
      topics: ranges[0]?.topic ?? '',
      'consumer.override.group.id': this.group,
      transforms: names === '' ? transform : `${transform},${names}`,
      [`transforms.${transform}.type`]: 'cel',
      [`transforms.${transform}.filter`]: expression,
      ...(rate === 0 ? {} : { 'rate.limit.records.per.second': String(rate) }),
    };
  }

  private async untilDone(total: number): Promise<void> {
    const { options } = this;
    for (;;) {
      options.signal.throwIfAborted();
      const committed = await options.topics.groupOffsets(this.group);
      const places = new Map(committed.map(({ topic, partition, offset }) => [`${partition} ${topic}`, offset]));
      const done = options.ranges.reduce((sum, { topic, partition, from, to }) => {
        const place = places.get(`${partition} ${topic}`) ?? from;
        return sum + Math.max(0, Math.min(to, place) - from);
      }, 0);
      options.progress(done, total);
      if (done >= total) return;
      await this.look();
      await options.clock.sleep(lookMs, options.signal);
    }
  }

  /** A sink that has taken everything may hold it open for long, a file until it rolls: a stop makes it finish. */
  private async look(): Promise<void> {
    const { store } = this.options;
    const status = await store.status(this.connector);
    if (status === null)
      throw new MillraceError(jobErrors.range, `Sink ${this.connector} was deleted, and its replay ends.`);
    if (status.state === 'RUNNING' && this.hasTaken(status)) await store.setTargetState(this.connector, 'STOPPED');
    const failed = status.tasks.find(({ state }) => state === 'FAILED');
    if (failed === undefined) return;
    const lines = (failed.trace ?? 'no reason is known').split('\n').filter((line) => !/^\s+at /.test(line));
    throw new MillraceError(jobErrors.range, `The sink of the replay has failed: ${lines.slice(0, 4).join(' ')}`);
  }

  private hasTaken({ tasks }: ConnectorStatus): boolean {
    const places = tasks.flatMap(({ details }) => Reported.safeParse(details).data?.partitions ?? []);
    const reached = new Map(places.map(({ topic, partition, position }) => [`${partition} ${topic}`, position ?? -1]));
    return this.options.ranges.every(({ topic, partition, to }) => (reached.get(`${partition} ${topic}`) ?? -1) >= to);
  }

  private async remove(): Promise<void> {
    const { store, topics, clock } = this.options;
    if ((await store.findConnector(this.connector)) !== null) await store.deleteConnector(this.connector);
    const until = clock.monotonic() + leaveMsMax;
    while (clock.monotonic() < until) {
      const { members } = await topics.describeGroup(this.group);
      if (members.length === 0) break;
      await clock.sleep(lookMs);
    }
    await topics.deleteGroup(this.group).catch(() => this.options.log(`Group ${this.group} stays.`));
  }
}
