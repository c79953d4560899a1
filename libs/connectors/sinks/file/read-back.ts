/**
 * Compares rolling files with the records that should be in them. Files of lines (text, JSON, CSV) are compared line by line, whichever file
 * a line is in. Of other formats only the names are looked at: a record that no file's offsets hold is missing, and two files of one folder
 * that hold the same offsets are one too many.
 */
import { posix } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { SinkBatch } from '#pipeline/sink-batch';
import {
  ContentTally,
  differencesMax,
  type StoreComparison,
  type StoreDifference,
  type StoreReading,
  type VerifiedRange,
} from '#pipeline/store-reading';
import { FatalSinkError } from '#pipeline/errors';
import type { FileStore } from './file-store.js';
import { parseFinalName, type FinalName } from './final-name.js';
import type { RollingLayout } from './partition-writer.js';

const newline = 10;
const fileBytesMax = 512 * 1024 * 1024;

interface FoundFile {
  readonly path: string;
  readonly name: FinalName;
}

export class FilesReading implements StoreReading {
  private readonly tally = new ContentTally();
  private readonly isLines: boolean;
  /** Of formats without lines. */
  private readonly offsets: { readonly topic: string; readonly partition: number; readonly offset: number }[] = [];

  constructor(
    private readonly store: FileStore,
    private readonly layout: RollingLayout,
    private readonly scope: readonly VerifiedRange[],
  ) {
    if (!layout.nameWithLast)
      throw new FatalSinkError('Files whose names do not end with the last offset are not compared');
    const isReadable = layout.compression === null || layout.compression.name === 'gzip';
    this.isLines = isReadable && ['text', 'json', 'csv'].includes(layout.format.name);
  }

  expect(batch: SinkBatch): Promise<void> {
    const { format } = this.layout;
    const { topic, partition } = batch;
    format.check(batch);
    const encoder = format.open(`${topic}-${partition}`);
    const index = new Int32Array(1);
    for (let at = 0; at < batch.count; at += 1) {
      const place = { topic, partition, offset: batch.offset(at) };
      index[0] = at;
      if (!this.isLines) this.offsets.push(place);
      else for (const line of linesOf(encoder.encode(batch, index))) this.tally.expect(line, place);
    }
    return Promise.resolve();
  }

  async compare(signal: AbortSignal): Promise<StoreComparison> {
    const files = await this.files(signal);
    if (!this.isLines) return this.compareNames(files);
    const notes: string[] = [];
    for (const { path, name } of files) {
      signal.throwIfAborted();
      const size = (await this.store.size(path)) ?? 0;
      if (size > fileBytesMax)
        throw new FatalSinkError(`${path} has ${size} bytes: files up to ${fileBytesMax} are compared`);
      const bytes = (await this.store.read(path)) ?? Buffer.alloc(0);
      const { header } = this.layout.format.open(`${name.topic}-${name.partition}`);
      const plain = this.layout.compression === null ? bytes : gunzipSync(bytes, { maxOutputLength: 4 * fileBytesMax });
      const body = plain.subarray(0, header.length).equals(header) ? plain.subarray(header.length) : plain;
      for (const line of linesOf(body)) this.tally.find(line);
    }
    return this.tally.compare(`${files.length} files below ${this.layout.template.base}`, notes);
  }

  async close(): Promise<void> {
    await this.store.close().catch(() => undefined);
  }

  private compareNames(files: readonly FoundFile[]): StoreComparison {
    const sorted = files.toSorted((left, right) => left.name.firstOffset - right.name.firstOffset);
    const holds = ({ name }: FoundFile, at: { topic: string; partition: number; offset: number }): boolean =>
      name.topic === at.topic &&
      name.partition === at.partition &&
      name.firstOffset <= at.offset &&
      at.offset <= (name.lastOffset ?? name.firstOffset);
    const missing = this.offsets.filter((at) => !sorted.some((file) => holds(file, at)));
    const doubled = sorted.filter((file, index) => {
      const at = { topic: file.name.topic, partition: file.name.partition, offset: file.name.firstOffset };
      return sorted.slice(0, index).some((other) => holds(other, at) && folderOf(other) === folderOf(file));
    });
    const differences: StoreDifference[] = [
      ...doubled.map(({ path }) => ({ kind: 'duplicated' as const, count: 1, at: null, place: path })),
      ...missing.map((at) => ({ kind: 'missing' as const, count: 1, at, place: 'in no file' })),
    ];
    const note = `Of ${this.layout.format.name} files the names were compared, and not what is in them.`;
    return {
      expected: this.offsets.length,
      found: this.offsets.length - missing.length,
      missing: missing.length,
      duplicated: doubled.length,
      unexpected: 0,
      differences: differences.slice(0, differencesMax),
      notes: [note],
    };
  }

  /** Finished files with records of the scope. */
  private async files(signal: AbortSignal): Promise<readonly FoundFile[]> {
    const found: FoundFile[] = [];
    const waiting = [this.layout.template.base];
    for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
      signal.throwIfAborted();
      for (const file of await this.store.list(directory)) {
        const path = posix.join(directory, file.name);
        if (file.directory) {
          if (!file.name.startsWith('+')) waiting.push(path);
          continue;
        }
        const name = parseFinalName(file.name);
        if (name !== null && this.isWithin(name)) found.push({ path, name });
      }
    }
    return found;
  }

  private isWithin({ topic, partition, firstOffset, lastOffset }: FinalName): boolean {
    return this.scope.some(
      (range) =>
        range.topic === topic &&
        range.partition === partition &&
        firstOffset < range.to &&
        (lastOffset ?? firstOffset) >= range.from,
    );
  }
}

function folderOf({ path, name }: FoundFile): string {
  return `${posix.dirname(path)} ${name.prefix}`;
}

function* linesOf(bytes: Buffer): Generator<Buffer> {
  let from = 0;
  for (let end = bytes.indexOf(newline, from); end !== -1; end = bytes.indexOf(newline, from)) {
    yield bytes.subarray(from, end);
    from = end + 1;
  }
  if (from < bytes.length) yield bytes.subarray(from);
}
