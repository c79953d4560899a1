/**
 * Records of a file below `imports/` of the data directory into a topic, each once: the records and the number of lines behind them are one
 * transaction, kept as the position of a group of the job's own. A run that goes on reads the file from its start and writes what comes after.
 */
import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { messageOf, MillraceError } from '#std/errors';
import { TopicAdmin } from '#topics/topic-admin';
import type { WriteColumns } from '#topics/topic-writer';
import { TransactionalWriter } from '#topics/transactional-writer';
import { encodeHeaders } from '#wire/kafka/record-source';
import { dataFile, fileField } from '../data-file.js';
import { jobErrors } from '../errors.js';
import { fileLines, type FileLine } from '../file-lines.js';
import type { JobParts, JobResult, JobRun, JobType } from '../job.js';
import { dropJobGroup, jobGroupPrefix } from '../job-group.js';
import { Pace } from '../pace.js';
import { readRecordLine, type LineRecord } from '../record-line.js';

const Parameters = z.strictObject({
  file: fileField.describe('The file, below `imports/` of the data directory.'),
  topic: z.string().min(1).max(249).describe('Has to be there.'),
  format: z
    .enum(['ndjson', 'lines'])
    .default('ndjson')
    .describe('`ndjson`: records as export writes them; `lines`: each line is a value.'),
  keep_partitions: z
    .boolean()
    .default(true)
    .describe('A record goes to the partition that its line names where the topic has it; else its key chooses.'),
  bad_lines_max: z
    .int()
    .min(0)
    .max(1_000_000_000)
    .default(100)
    .describe('Lines that are no records are left out and counted; more than so many end the job.'),
  rate: z.number().min(0).max(10_000_000).default(0).describe('Records a second; 0: as fast as it goes.'),
});
type Parameters = z.output<typeof Parameters>;

/** The file as it was when the job began. */
const State = z.object({ size: z.number(), modified: z.number() });
type State = z.output<typeof State>;

const lineBytesMax = 16 * 1024 * 1024;
const badLinesShownMax = 100;
/** A transaction ends when it has so much, or after so long. */
const transactionRecordsMax = 20_000;
const transactionBytesMax = 16 * 1024 * 1024;
const transactionMsMax = 1_000;
const closeMs = 2_000;

export const importJob: JobType<Parameters, State> = {
  name: 'import',
  summary: 'Writes the records of a file, as export writes it or of plain lines, into a topic, each once.',
  unit: 'bytes',
  parameters: Parameters,
  state: State,
  run: (job, parts) => new RecordImport(job, parts).run(),
};

class RecordImport {
  private readonly group: string;
  private readonly writer: TransactionalWriter;
  private readonly topics: TopicAdmin;
  private readonly bad: { line: number; problem: string }[] = [];
  private badCount = 0;
  private records = 0;
  private lines = 0;
  /** Lines that a transaction holds already. */
  private committed = 0;
  private writes: Promise<void>[] = [];
  private inTransaction = { records: 0, bytes: 0 };
  private begunMs: number | null = null;

  constructor(
    private readonly job: JobRun<Parameters, State>,
    private readonly parts: JobParts,
  ) {
    this.group = `${jobGroupPrefix}${job.id}`;
    this.writer = new TransactionalWriter(parts.cluster, { transactionalId: this.group });
    this.topics = new TopicAdmin(parts.cluster);
  }

  async run(): Promise<JobResult> {
    const { job, parts } = this;
    const { file, topic, rate } = job.parameters;
    const described = await this.topics.describeTopic(topic);
    if (described === null) throw new MillraceError(jobErrors.range, `There is no topic ${topic}: create it first`);
    const path = await dataFile(parts.dataDirectory, 'imports', file);
    const now = await this.sameFile(path);
    const { size } = now;
    const pace = new Pace(parts.clock, rate);
    let read = 0;
    try {
      await this.writer.init();
      await this.begin(now);
      for await (const lines of fileLines(path, { lineBytesMax, signal: job.signal })) {
        for (const some of slices(lines, rate)) {
          const before = this.records;
          this.take(some, described.partitions);
          for (const { bytes } of some) read += (bytes?.length ?? 0) + 1;
          // No transaction waits for the pace: the cluster would give it up.
          if (rate > 0 || this.isDue()) await this.commit();
          job.progress(Math.min(read, size), size);
          await pace.after(this.records - before, job.signal);
        }
      }
      await this.commit();
    } catch (error) {
      // A stream that was stopped says so in words of its own.
      job.signal.throwIfAborted();
      throw error;
    } finally {
      await this.writer.close(closeMs);
    }
    job.progress(size, size);
    // Where nothing was written there is none.
    const stays = this.committed > 0 ? await dropJobGroup(this.topics, this.group, parts.clock) : null;
    if (stays !== null) job.log(`Group ${this.group} stays: ${stays}`);
    const { lines, records, badCount } = this;
    return { file: `imports/${file}`, topic, lines, records, bad: badCount, bad_lines: this.bad };
  }

  /** The file must be what it was when the job began: lines are counted. */
  private async sameFile(path: string): Promise<State> {
    const { file } = this.job.parameters;
    const found = await stat(path).catch(() => null);
    if (found?.isFile() !== true) throw new MillraceError(jobErrors.file, `There is no file imports/${file}`);
    const { state } = this.job;
    const now = { size: found.size, modified: Math.floor(found.mtimeMs) };
    if (state !== null && (state.size !== now.size || state.modified !== now.modified)) {
      throw new MillraceError(jobErrors.file, `imports/${file} was changed while it was imported: begin a new job`);
    }
    return now;
  }

  private async begin(now: State): Promise<void> {
    const [position] = await this.topics.groupOffsets(this.group);
    if (this.job.state === null) {
      // A group of this name can only be of another database of jobs, whose numbers began at 1 too.
      if (position !== undefined) await this.topics.deleteGroup(this.group);
      await this.job.checkpoint(now);
    } else this.committed = position?.offset ?? 0;
  }

  private take(lines: readonly FileLine[], partitions: number): void {
    const records: LineRecord[] = [];
    for (const line of lines) {
      const record = this.recordOf(line);
      this.lines = line.number;
      if (record === null) continue;
      this.records += 1;
      if (line.number > this.committed) records.push(record);
    }
    if (records.length === 0) return;
    if (this.begunMs === null) {
      // A write that fails breaks the transaction, and is told by it.
      void this.writer.begin();
      this.begunMs = this.parts.clock.monotonic();
    }
    const { topic, keep_partitions: keepPartitions } = this.job.parameters;
    const columns = columnsOf(records, keepPartitions ? partitions : 0, this.parts.clock.now());
    const write = this.writer.write(topic, columns);
    // Awaited before the commit; until then a failure is not unheard of.
    write.catch(() => undefined);
    this.writes.push(write);
    this.inTransaction.records += records.length;
    this.inTransaction.bytes += columns.bytes.length;
  }

  /** Null for what is none. */
  private recordOf({ number, bytes }: FileLine): LineRecord | null {
    const isLines = this.job.parameters.format === 'lines';
    try {
      if (bytes === null) throw new SyntaxError(`the line is longer than ${lineBytesMax} bytes`);
      if (isLines) return { key: null, value: bytes, headers: [], timestamp: null, partition: null };
      return bytes.length === 0 ? null : readRecordLine(bytes);
    } catch (error) {
      this.badCount += 1;
      const problem = messageOf(error).slice(0, 300);
      if (this.bad.length < badLinesShownMax) this.bad.push({ line: number, problem });
      if (this.badCount > this.job.parameters.bad_lines_max) throw this.tooManyBad(number, problem);
      return null;
    }
  }

  private tooManyBad(number: number, problem: string): MillraceError {
    const max = this.job.parameters.bad_lines_max;
    return new MillraceError(
      jobErrors.file,
      `More than ${max} lines are no records: the last is line ${number} (${problem}). Lines up to ${this.committed} are in the topic.`,
    );
  }

  private isDue(): boolean {
    if (this.begunMs === null) return false;
    const isOld = this.parts.clock.monotonic() - this.begunMs >= transactionMsMax;
    const { records, bytes } = this.inTransaction;
    return isOld || records >= transactionRecordsMax || bytes >= transactionBytesMax;
  }

  private async commit(): Promise<void> {
    if (this.begunMs === null) return;
    const { writer } = this;
    const { topic } = this.job.parameters;
    try {
      await Promise.all(this.writes);
      const committer = { groupId: this.group, generationId: -1, memberId: '', groupInstanceId: null };
      await writer.sendOffsets(committer, [{ topic, partition: 0, offset: this.lines }]);
      await writer.commit();
    } catch (error) {
      await writer.abort().catch(() => undefined);
      throw new MillraceError(
        jobErrors.file,
        `Lines ${this.committed + 1} to ${this.lines} could not be written to ${topic}; what was before them is there`,
        { cause: error },
      );
    }
    this.committed = this.lines;
    this.writes = [];
    this.inTransaction = { records: 0, bytes: 0 };
    this.begunMs = null;
  }
}

/** A quarter of a second's records at a time where there is a rate. */
function* slices(lines: readonly FileLine[], rate: number): Generator<readonly FileLine[]> {
  const size = rate === 0 ? lines.length : Math.max(1, Math.ceil(rate / 4));
  for (let from = 0; from < lines.length; from += size) yield lines.slice(from, from + size);
}

function columnsOf(records: readonly LineRecord[], partitions: number, nowMs: number): WriteColumns {
  const { length } = records;
  const [starts, ends] = [new Int32Array(length).fill(-1), new Int32Array(length).fill(-1)];
  const [timestamps, chosen] = [new Float64Array(length), new Int32Array(length).fill(-1)];
  const values: Buffer[] = [];
  let at = 0;
  for (const [index, { value, timestamp, partition }] of records.entries()) {
    timestamps[index] = timestamp ?? nowMs;
    if (partition !== null && partition < partitions) chosen[index] = partition;
    if (value === null) continue;
    values.push(value);
    starts[index] = at;
    at += value.length;
    ends[index] = at;
  }
  return {
    bytes: Buffer.concat(values, at),
    starts,
    ends,
    keys: records.map(({ key }) => key),
    timestamps,
    headers: new Map(),
    headerBlocks: encodeHeaders(length, (index) => records[index]?.headers ?? []),
    partitions: chosen,
  };
}
