/**
 * Records of a topic as a file below `exports/` of the data directory. Lines are flushed before each checkpoint, and a run that goes on cuts
 * the file to what was kept: each record is in it once. A Parquet file, whose end says where its columns lie, begins anew.
 */
import { z } from 'zod';
import type { ParquetRow } from '#connectors/formats/parquet-file';
import type { ConnectField, ConnectType } from '#pipeline/connect-schema';
import type { SinkBatch } from '#pipeline/sink-batch';
import { RecordsBatch } from '#pipeline/sink-reader';
import { TopicAdmin } from '#topics/topic-admin';
import { dataFile, fileField } from '../data-file.js';
import { ExportFile } from '../export-file.js';
import { JobStopped } from '../job-attempt.js';
import type { JobParts, JobResult, JobRun, JobType } from '../job.js';
import { Pace } from '../pace.js';
import { readRanges, type OffsetRange } from '../range-reader.js';
import { compileRecordFilter, filterField } from '../record-filter.js';
import { encodedText, headersJson, recordLine, timeText } from '../record-line.js';
import { KeptRanges, rangeFields, rangesOf, recordsIn } from '../record-range.js';

const Parameters = z.strictObject({
  ...rangeFields,
  filter: filterField.optional(),
  format: z.enum(['ndjson', 'csv', 'parquet']).default('ndjson'),
  file: fileField
    .optional()
    .describe(
      'The file, below `exports/` of the data directory; default `job-<id>-<topic>.<format>`. One that is there is not written over.',
    ),
  rate: z.number().min(0).max(10_000_000).default(0).describe('Records a second; 0: as fast as it goes.'),
});
type Parameters = z.output<typeof Parameters>;

const State = z.object({
  ranges: KeptRanges,
  /** What is not in the file yet. */
  left: KeptRanges,
  bytes: z.number(),
  records: z.number(),
});
type State = z.output<typeof State>;

const columns = [
  ...['topic', 'partition', 'offset', 'timestamp', 'key', 'key_encoding', 'value', 'value_encoding', 'headers'],
] as const;
const checkpointMs = 2_000;
/** A row group, by the bytes of its records. */
const rowGroupBytes = 16 * 1024 * 1024;
const rowOverheadBytes = 100;

export const exportJob: JobType<Parameters, State> = {
  name: 'export',
  summary: 'Writes records of a topic to a file: NDJSON, CSV or Parquet.',
  unit: 'records',
  parameters: Parameters,
  state: State,
  run: (job, parts) => new RecordExport(job, parts).run(),
};

class RecordExport {
  private readonly pace: Pace;
  private readonly file: string;
  private readonly wants: (batch: SinkBatch, index: number) => boolean;
  private state: State = { ranges: [], left: [], bytes: 0, records: 0 };

  constructor(
    private readonly job: JobRun<Parameters, State>,
    private readonly parts: JobParts,
  ) {
    const { filter, rate, topic, format, file } = job.parameters;
    this.file = file ?? `job-${job.id}-${topic}.${format}`;
    this.pace = new Pace(parts.clock, rate);
    this.wants = filter === undefined ? () => true : compileRecordFilter(filter);
  }

  async run(): Promise<JobResult> {
    const { job, parts } = this;
    const ranges = job.state?.ranges ?? (await rangesOf(new TopicAdmin(parts.cluster), job.parameters));
    this.state = job.state ?? { ranges, left: ranges, bytes: 0, records: 0 };
    const path = await dataFile(parts.dataDirectory, 'exports', this.file);
    const isAtEnd = job.state !== null && job.state.bytes > 0 && recordsIn(job.state.left) === 0;
    if (isAtEnd && (await ExportFile.isFinished(path, { jobId: job.id, bytes: this.state.bytes })))
      return this.result();
    const file = await ExportFile.open(path, { jobId: job.id, keep: this.state.bytes });
    try {
      await this.fill(file);
      await file.finish();
      await file.close();
      return this.result();
    } catch (error) {
      await file.close();
      // A run that only stops here goes on somewhere else.
      const stopped: unknown = job.signal.aborted ? job.signal.reason : null;
      if (!(stopped instanceof JobStopped) || stopped.reason === 'cancelled') await file.discard();
      throw error;
    }
  }

  private async fill(file: ExportFile): Promise<void> {
    const { job, state } = this;
    if (state.bytes > 0 && file.length === 0) {
      job.log('What an earlier run has written is not here; the file begins anew.');
      this.state = { ranges: state.ranges, left: state.ranges, bytes: 0, records: 0 };
    }
    if (file.length === 0) await this.checkpoint(file);
    if (job.parameters.format === 'parquet') {
      // What an earlier run has finished lacks its name only.
      if (recordsIn(this.state.left) > 0 || file.length === 0) await this.fillParquet(file);
    } else await this.fillLines(file);
    await this.checkpoint(file);
    const total = recordsIn(this.state.ranges);
    job.progress(total, total);
  }

  private async fillLines(file: ExportFile): Promise<void> {
    const { clock } = this.parts;
    const isCsv = this.job.parameters.format === 'csv';
    const lineOf = isCsv ? csvLine : recordLine;
    if (isCsv && file.length === 0) await file.append(Buffer.from(`${columns.join(',')}\r\n`));
    let keptMs = clock.monotonic();
    for await (const { batch, rows } of this.read()) {
      await file.append(Buffer.from(rows.map((index) => lineOf(batch, index)).join('')));
      if (clock.monotonic() - keptMs < checkpointMs) continue;
      await this.checkpoint(file);
      keptMs = clock.monotonic();
    }
  }

  private async fillParquet(file: ExportFile): Promise<void> {
    // With its compressions, which only who writes such a file needs.
    const { parquetFile } = await import('#connectors/formats/parquet-file');
    for await (const bytes of parquetFile(
      { fields: parquetFields, codec: 'zstd', rowGroupBytes },
      this.parquetRows(),
    )) {
      await file.append(bytes);
    }
  }

  private async *parquetRows(): AsyncGenerator<readonly ParquetRow[]> {
    for await (const { batch, rows } of this.read()) yield rows.map((index) => parquetRow(batch, index));
  }

  /** Batches of what is left, with the records that are wanted; each is counted as written when the next is asked for. */
  private async *read(): AsyncGenerator<{ batch: SinkBatch; rows: readonly number[] }> {
    const { job } = this;
    const total = recordsIn(this.state.ranges);
    const left = new Map(this.state.left.map((range) => [range.partition, range]));
    for await (const read of readRanges(this.parts.cluster, this.state.left, job.signal)) {
      const batch = new RecordsBatch(read.topic, read.partition, read.records);
      const rows: number[] = [];
      for (let index = 0; index < batch.count; index += 1) if (this.wants(batch, index)) rows.push(index);
      // Before it is given away: a checkpoint after its lines counts it.
      const range = left.get(read.partition);
      if (range !== undefined) left.set(read.partition, { ...range, from: read.nextOffset });
      this.state = { ...this.state, left: [...left.values()], records: this.state.records + rows.length };
      yield { batch, rows };
      job.progress(total - recordsIn(this.state.left), total);
      await this.pace.after(batch.count, job.signal);
    }
    this.state = { ...this.state, left: this.state.left.map((range) => ({ ...range, from: range.to })) };
  }

  private async checkpoint(file: ExportFile): Promise<void> {
    await file.sync();
    this.state = { ...this.state, bytes: file.length };
    await this.job.checkpoint(this.state);
  }

  private result(): JobResult {
    const { bytes, records, ranges } = this.state;
    const scanned = recordsIn(ranges);
    return {
      file: `exports/${this.file}`,
      format: this.job.parameters.format,
      bytes,
      records,
      scanned,
      ranges: ranges.slice(0, rangesShownMax).map(rangeView),
    };
  }
}

const rangesShownMax = 1_000;

function rangeView({ topic, partition, from, to }: OffsetRange): object {
  return { topic, partition, from, to };
}

function csvLine(batch: SinkBatch, index: number): string {
  const [key, value] = [encodedText(batch.key(index)), encodedText(batch.value(index))];
  const fields = [
    ...[batch.topic, String(batch.partition), String(batch.offset(index)), timeText(batch.timestamp(index))],
    ...[key.text, key.encoding, value.text, value.encoding, headersJson(batch.headers(index))],
  ];
  return `${fields.map(csvField).join(',')}\r\n`;
}

/** RFC 4180; nothing for null, `""` for an empty text. */
function csvField(text: string | null): string {
  if (text === null) return '';
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const parquetFields: readonly ConnectField[] = columns.map((name) => {
  const types: Readonly<Record<string, ConnectType>> = { partition: 'int32', offset: 'int64', timestamp: 'int64' };
  const optional = name.startsWith('key') || name.startsWith('value');
  return { name, schema: { type: types[name] ?? 'string', optional } };
});

function parquetRow(batch: SinkBatch, index: number): ParquetRow {
  const [keyBytes, valueBytes] = [batch.key(index), batch.value(index)];
  const [key, value] = [encodedText(keyBytes), encodedText(valueBytes)];
  const headers = headersJson(batch.headers(index));
  return {
    bytes: (keyBytes?.length ?? 0) + (valueBytes?.length ?? 0) + headers.length + rowOverheadBytes,
    values: [
      ...[batch.topic, batch.partition, BigInt(batch.offset(index)), BigInt(batch.timestamp(index))],
      ...[key.text, key.encoding, value.text, value.encoding, headers],
    ],
  };
}
