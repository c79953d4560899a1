/**
 * What sinks of files wrote, read with the sink's own options and rights. Only files whose names are a sink's own are ever listed or opened, so a
 * sink whose path is set to a folder of other things shows none of them. Everything is bounded: files looked at, bytes, time, looks at once.
 */
import { isUtf8 } from 'node:buffer';
import { posix } from 'node:path';
import { resolveReferences } from '#config/references';
import { previewFile } from '#connectors/formats/preview/file-preview';
import { findSinkType } from '#connectors/registry-sinks';
import { parseFinalName } from '#connectors/sinks/file/final-name';
import { RetriableSinkError } from '#pipeline/errors';
import { ownOptions } from '#pipeline/own-options';
import type { StoredFile, StoredFiles } from '#pipeline/stored-files';
import { messageOf, MillraceError } from '#std/errors';
import { plainJson } from '../records/decoders/plain-json.js';
import { fileErrors } from './errors.js';
import type { FilePreview, FileView } from './file-schemas.js';

type Config = Readonly<Record<string, string>>;

const filesMax = 10_000;
const readBytesMax = 1024 * 1024;
const downloadBytesMax = 16 * 1024 * 1024;
const lookMs = 5_000;
const looksMax = 4;
const cellLengthMax = 2_000;
const columnsMax = 200;
const temporary = '+tmp/';
const referencePattern = /\$\{(?:env|file):[^}]+\}/g;

export interface FoundFiles {
  readonly base: string;
  readonly files: readonly FileView[];
  readonly isTruncated: boolean;
}

export class SinkFiles {
  private looks = 0;

  constructor(private readonly environment: Readonly<Record<string, string | undefined>>) {}

  list(config: Config, folder: string, topic: string | null): Promise<FoundFiles> {
    return this.look(config, async (store, hide, signal) => {
      const files: FileView[] = [];
      let seen = 0;
      for await (const file of store.walk(folder, signal)) {
        seen += 1;
        if (seen > filesMax) break;
        const view = viewOf(file);
        if (view !== null && (topic === null || view.topic === topic)) files.push(view);
      }
      files.sort((left, right) => (left.path < right.path ? -1 : 1));
      return { base: hide(store.base), files, isTruncated: seen > filesMax };
    });
  }

  preview(config: Config, path: string, rowsMax: number): Promise<FilePreview> {
    return this.look(config, async (store, _hide, signal) => {
      const first = await readPart(store, path, 0, 0);
      let read = 0;
      const source = {
        size: first.size,
        read: async (from: number, bytesMax: number): Promise<Buffer> => {
          signal.throwIfAborted();
          if (read + bytesMax > readBytesMax) throw new Error(`more than ${readBytesMax} bytes would have to be read`);
          const { bytes } = await readPart(store, path, from, bytesMax);
          read += bytes.length;
          return bytes;
        },
      };
      try {
        const { decoder, schema, columns, rows } = await previewFile(path, source, { rowsMax, bytesMax: readBytesMax });
        const shown = columns.slice(0, columnsMax);
        return {
          path,
          size_bytes: first.size,
          read_bytes: read,
          decoder,
          schema: schema?.slice(0, 10 * cellLengthMax) ?? null,
          columns: shown,
          rows: rows.map((row) => shown.map((column) => cellOf(row[column]))),
        };
      } catch (error) {
        if (error instanceof MillraceError || error instanceof RetriableSinkError || signal.aborted) throw error;
        const what = `${path} can not be shown: ${messageOf(error)}`;
        throw new MillraceError(fileErrors.unreadable, what, { cause: error });
      }
    });
  }

  /** The whole file. */
  download(config: Config, path: string): Promise<Buffer> {
    return this.look(config, async (store) => {
      const { bytes, size } = await readPart(store, path, 0, downloadBytesMax);
      if (size <= downloadBytesMax) return bytes;
      const what = `${path} has ${size} bytes, and up to ${downloadBytesMax} are given out here: fetch it from its store`;
      throw new MillraceError(fileErrors.tooLarge, what);
    });
  }

  /** Opens the store for one look, at most so many at once and for so long. What a reference stands for is in no sentence. */
  private async look<T>(
    config: Config,
    work: (store: StoredFiles, hide: (text: string) => string, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    if (this.looks >= looksMax) {
      throw new MillraceError(fileErrors.busy, `${looksMax} looks into files are under way: try again`);
    }
    const hide = hiderOf(config, this.environment);
    const ended = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        const error = new MillraceError(
          fileErrors.slow,
          `The store took more than ${lookMs} ms: name a folder, or try again`,
        );
        ended.abort(error);
        reject(error);
      }, lookMs);
    });
    this.looks += 1;
    let store: StoredFiles | null = null;
    try {
      store = this.open(config);
      return await Promise.race([work(store, hide, ended.signal), late]);
    } catch (error) {
      if (error instanceof MillraceError && isOwn(error)) throw error;
      const kind = error instanceof RetriableSinkError ? fileErrors.away : fileErrors.place;
      throw new MillraceError(kind, hide(messageOf(error)));
    } finally {
      clearTimeout(timer);
      this.looks -= 1;
      await store?.close().catch(() => undefined);
    }
  }

  private open(config: Config): StoredFiles {
    const resolved = resolveReferences(config, this.environment);
    const className = resolved['connector.class'] ?? '';
    const type = findSinkType(className, resolved);
    if (type?.files === undefined) {
      throw new MillraceError(fileErrors.none, `A sink of type ${type?.name ?? className} writes no files`);
    }
    return type.files(ownOptions(type, resolved));
  }
}

async function readPart(
  store: StoredFiles,
  path: string,
  from: number,
  bytesMax: number,
): Promise<{ readonly bytes: Buffer; readonly size: number }> {
  const part = kindOf(path) === null ? null : await store.read(path, from, bytesMax);
  if (part === null) throw new MillraceError(fileErrors.unknown, `This sink has written no file ${path}`);
  return part;
}

function isOwn({ code }: MillraceError): boolean {
  return Object.values(fileErrors).some((kind) => kind.code === code);
}

type Kind = Omit<FileView, 'path' | 'size_bytes' | 'modified_at'>;

/** Null for what is no file of records: the sink's own state, and whatever else lies there. */
function kindOf(path: string): Kind | null {
  if (path.startsWith(temporary)) {
    const [, topic, partition] = path.split('/');
    if (topic === undefined || !/^\d+$/.test(partition ?? '')) return null;
    return { state: 'in_progress', topic, partition: Number(partition), first_offset: null, last_offset: null };
  }
  if (path.startsWith('+')) return null;
  const file = posix.basename(path);
  const name = parseFinalName(file) ?? parseFinalName(file, false);
  if (name === null) return null;
  const { topic, partition, firstOffset, lastOffset } = name;
  return { state: 'finished', topic, partition, first_offset: firstOffset, last_offset: lastOffset };
}

function viewOf({ path, bytes, modifiedMs }: StoredFile): FileView | null {
  const kind = kindOf(path);
  const modified = modifiedMs === null ? null : new Date(modifiedMs).toISOString();
  return kind === null ? null : { path, size_bytes: bytes, modified_at: modified, ...kind };
}

function cellOf(value: unknown): unknown {
  if (Buffer.isBuffer(value)) {
    return isUtf8(value) ? cut(value.toString('utf8')) : `0x${cut(value.toString('hex'))}`;
  }
  const plain = plainJson(value);
  if (typeof plain === 'string') return cut(plain);
  if (typeof plain !== 'object' || plain === null) return plain;
  const text = JSON.stringify(plain);
  return text.length <= cellLengthMax ? plain : cut(text);
}

function cut(text: string): string {
  return text.length <= cellLengthMax ? text : `${text.slice(0, cellLengthMax)}…`;
}

/** Puts references back in the place of what they stand for. */
function hiderOf(config: Config, environment: SinkFiles['environment']): (text: string) => string {
  const pairs = Object.values(config)
    .flatMap((value) => value.match(referencePattern) ?? [])
    .flatMap((reference) => {
      try {
        const value = resolveReferences({ reference }, environment)['reference'] ?? '';
        return value === '' ? [] : [[value, reference] as const];
      } catch {
        return [];
      }
    });
  return (text) => pairs.reduce((left, [value, reference]) => left.replaceAll(value, () => reference), text);
}
