/**
 * Compares what a sink's store holds with what the topics hold, up to where the sink has committed. Records go through the sink's own
 * converters and transforms and are shown to the store's reading (`SinkType.readBack`); those in the dead-letter topic are left out. What a
 * transform draws from the clock or from chance cannot come out the same and is found as a difference.
 */
import { z } from 'zod';
import { resolveReferences } from '#config/references';
import { loadConnectorPlugins } from '#connectors/connector-plugins';
import { requireSinkType } from '#connectors/registry-sinks';
import { connectorSettings, type ConnectorSettings } from '#pipeline/connector-options';
import { createPreparation } from '#pipeline/converter-options';
import { PoisonRecordError } from '#pipeline/errors';
import { ownOptions } from '#pipeline/own-options';
import type { SinkType } from '#pipeline/sink';
import type { SinkBatch } from '#pipeline/sink-batch';
import type { SinkPreparation } from '#pipeline/sink-preparation';
import { RecordsBatch } from '#pipeline/sink-reader';
import type { StoreComparison, StoreReading } from '#pipeline/store-reading';
import { MillraceError, type ErrorKind } from '#std/errors';
import { TopicAdmin } from '#topics/topic-admin';
import { deadLetterErrors } from '../dead-letters/errors.js';
import { LetterBox } from '../dead-letters/letter-box.js';
import { LetterLedger } from '../dead-letters/letter-ledger.js';
import type { JobParts, JobResult, JobRun, JobType } from '../job.js';
import { readRanges, wholeTopic, type OffsetRange } from '../range-reader.js';

export const verifyErrors = {
  notReadable: { code: 'verify.store.not.readable', retriable: false, http: 422 },
  tooMany: { code: 'verify.records.many', retriable: false, http: 422 },
} satisfies Record<string, ErrorKind>;

const Parameters = z.strictObject({
  sink: z.string().min(1).max(200).describe('Whose store is compared.'),
  topics: z.array(z.string().min(1).max(249)).min(1).max(100).optional().describe('Some of its topics. Default: all.'),
  range_records: z.int().min(1).max(100_000_000).default(100_000).describe('Records of one line of the result.'),
  records_max: z
    .int()
    .min(1)
    .max(100_000_000)
    .default(20_000_000)
    .describe('More records than this are not compared; 16 bytes of memory each where the store cannot do it itself.'),
});
type Parameters = z.output<typeof Parameters>;

/** A comparison is of one moment: it begins anew after a kill. */
const State = z.null();

export const verifyJob: JobType<Parameters, null> = {
  name: 'verify',
  summary:
    'Compares what the store of a sink holds with what its topics hold, and names what is missing, there twice or not expected.',
  unit: 'records',
  parameters: Parameters,
  state: State,
  async run(job, parts) {
    const connector = await parts.store.findConnector(job.parameters.sink);
    if (connector?.kind !== 'sink') {
      throw new MillraceError(deadLetterErrors.noSink, `There is no sink ${job.parameters.sink}`);
    }
    const resolved = resolveReferences(connector.config, parts.environment);
    const type = requireSinkType(resolved['connector.class'] ?? '', resolved);
    const config = ownOptions(type, resolved);
    const settings = connectorSettings(config);
    const verification = new Verification(job, parts, { type, config, settings });
    return verification.run();
  },
};

interface VerifiedSink {
  readonly type: SinkType;
  readonly config: Readonly<Record<string, string>>;
  readonly settings: ConnectorSettings;
}

class Verification {
  private readonly topics: TopicAdmin;
  private readonly counts = { dead: 0, refused: 0, filtered: 0 };
  private done = 0;

  constructor(
    private readonly job: JobRun<Parameters, null>,
    private readonly parts: JobParts,
    private readonly sink: VerifiedSink,
  ) {
    this.topics = new TopicAdmin(parts.cluster);
  }

  async run(): Promise<JobResult> {
    const { job, sink } = this;
    const ranges = await this.committedRanges();
    const total = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
    if (total > job.parameters.records_max) {
      const what = `Sink ${sink.settings.name} has ${total} records to compare, and records_max is ${job.parameters.records_max}`;
      throw new MillraceError(verifyErrors.tooMany, what);
    }
    if (sink.type.readBack === undefined) {
      const what = `What a sink of type ${sink.type.name} has written can not be read back from its store`;
      throw new MillraceError(verifyErrors.notReadable, what);
    }
    const reading = sink.type.readBack(sink.config, ranges);
    try {
      await this.show(reading, ranges, total);
      const comparison = await reading.compare(job.signal);
      return await this.result(ranges, comparison);
    } finally {
      await reading.close();
    }
  }

  /** From the first record that the topics hold to where the sink has committed. */
  private async committedRanges(): Promise<readonly OffsetRange[]> {
    const { groupId } = this.sink.settings;
    const committed = await this.topics.groupOffsets(groupId);
    const wanted = this.job.parameters.topics;
    const positions = new Map(committed.map(({ topic, partition, offset }) => [`${partition} ${topic}`, offset]));
    const names = [...new Set(committed.map(({ topic }) => topic))];
    const ranges: OffsetRange[] = [];
    for (const topic of names.filter((name) => wanted?.includes(name) ?? true)) {
      if ((await this.topics.describeTopic(topic)) === null) continue;
      for (const range of await wholeTopic(this.topics, topic)) {
        const position = positions.get(`${range.partition} ${topic}`) ?? range.from;
        ranges.push({ ...range, to: Math.max(range.from, Math.min(range.to, position)) });
      }
    }
    return ranges;
  }

  private async show(reading: StoreReading, ranges: readonly OffsetRange[], total: number): Promise<void> {
    const { job, parts, sink } = this;
    const dead = await this.deadRecords();
    const { clock, logger } = parts;
    const plugins = await loadConnectorPlugins(sink.config);
    const bootstrap = parts.cluster.options.bootstrap.join(',');
    const preparation = createPreparation(sink.config, plugins, { clock, logger, bootstrap });
    await preparation.start({ clock, logger, stateDirectory: parts.dataDirectory, count: () => undefined });
    try {
      // As the sinks read.
      for await (const polled of readRanges(parts.cluster, ranges, job.signal, 'read_uncommitted')) {
        const batch = new RecordsBatch(polled.topic, polled.partition, polled.records);
        const skipped = dead.get(`${polled.partition} ${polled.topic}`) ?? new Set<number>();
        for (const part of withoutDead(batch, skipped)) await this.showPrepared(reading, preparation, part);
        this.done += batch.count;
        job.progress(this.done, total);
      }
    } finally {
      await preparation.stop();
    }
  }

  private async showPrepared(reading: StoreReading, preparation: SinkPreparation, batch: SinkBatch): Promise<void> {
    if (preparation.isEmpty) return this.expect(reading, batch);
    const { pieces, filtered } = await preparation.prepare(batch);
    this.counts.filtered += filtered;
    for (const piece of pieces) {
      if (piece.kind === 'records') await this.expect(reading, piece.batch);
      else this.counts.refused += 1;
    }
  }

  /** A record that the sink would refuse is in no store: the rest of its batch is shown without it. */
  private async expect(reading: StoreReading, batch: SinkBatch): Promise<void> {
    let rest = batch;
    while (rest.count > 0) {
      try {
        return await reading.expect(rest);
      } catch (error) {
        if (!(error instanceof PoisonRecordError)) throw error;
        const { index } = error;
        if (index === null && rest.count > 1) {
          const half = rest.count >> 1;
          await this.expect(reading, rest.slice(0, half));
          rest = rest.slice(half, rest.count);
          continue;
        }
        this.counts.refused += 1;
        await this.expect(reading, rest.slice(0, index ?? 0));
        rest = rest.slice((index ?? 0) + 1, rest.count);
      }
    }
  }

  /** Offsets of records that died, by partition. */
  private async deadRecords(): Promise<ReadonlyMap<string, Set<number>>> {
    const dead = new Map<string, Set<number>>();
    if (this.sink.settings.deadLetterTopic === null) return dead;
    const ledger = new LetterLedger(this.parts);
    try {
      const box = await LetterBox.open({ ...this.parts, ledger }, this.sink.settings.name);
      for await (const { letters } of box.read(await box.ranges(), this.job.signal)) {
        for (const { letter } of letters) {
          const { topic, partition, offset } = letter.origin;
          if (topic === null || partition === null || offset === null) continue;
          const key = `${partition} ${topic}`;
          const known = dead.get(key);
          if (known === undefined) dead.set(key, new Set([offset]));
          else known.add(offset);
          this.counts.dead += 1;
        }
      }
    } catch (error) {
      // Nothing has died yet.
      if (!(error instanceof MillraceError) || error.kind !== deadLetterErrors.noTopic) throw error;
    } finally {
      await ledger.stop();
    }
    return dead;
  }

  private async result(ranges: readonly OffsetRange[], comparison: StoreComparison): Promise<JobResult> {
    const { expected, found, missing, duplicated, unexpected, differences, notes } = comparison;
    const hasMoved = (await this.committedRanges()).some(({ topic, partition, to }) =>
      ranges.some((range) => range.topic === topic && range.partition === partition && to > range.to),
    );
    const moved = hasMoved
      ? ['The sink has written while it was compared: what is unexpected may be of then. Pause it to be sure.']
      : [];
    return {
      matches: missing + duplicated + unexpected === 0,
      records: this.done,
      ...this.counts,
      expected,
      found,
      missing,
      duplicated,
      unexpected,
      ranges: rangesOf(ranges, this.job.parameters.range_records, comparison),
      differences: differences.slice(0, differencesShownMax),
      notes: [...notes, ...moved],
    };
  }
}

const differencesShownMax = 100;
const rangesShownMax = 1000;

/** Lines of the result: which stretches of offsets are right, and which are not. */
function rangesOf(
  ranges: readonly OffsetRange[],
  records: number,
  { differences }: StoreComparison,
): readonly object[] {
  const lines: object[] = [];
  for (const { topic, partition, from, to } of ranges) {
    for (let start = from; start < to && lines.length < rangesShownMax; start += records) {
      const end = Math.min(to, start + records);
      const within = differences.filter(
        ({ at }) =>
          at !== null && at.topic === topic && at.partition === partition && at.offset >= start && at.offset < end,
      );
      const countOf = (kind: string): number =>
        within.reduce((sum, difference) => sum + (difference.kind === kind ? difference.count : 0), 0);
      const [missing, duplicated] = [countOf('missing'), countOf('duplicated')];
      lines.push({ topic, partition, from: start, to: end, missing, duplicated, matches: within.length === 0 });
    }
  }
  return lines;
}

/** The stretches of a batch between records that died. */
function withoutDead(batch: SinkBatch, dead: ReadonlySet<number>): readonly SinkBatch[] {
  if (dead.size === 0) return [batch];
  const parts: SinkBatch[] = [];
  let from = 0;
  for (let index = 0; index < batch.count; index += 1) {
    if (!dead.has(batch.offset(index))) continue;
    if (index > from) parts.push(batch.slice(from, index));
    from = index + 1;
  }
  if (from < batch.count) parts.push(batch.slice(from, batch.count));
  return parts;
}
