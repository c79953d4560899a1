/**
 * Which files a sink has open in its store, and how many bytes of each are acknowledged. A start after a crash finishes those files: cuts
 * off what nobody acknowledged (the channel gives those events again) and gives them their final names. Flume leaves them lying.
 *
 * One JSON object a line, the last one of a file counts: `{"file":…,"stem":…,"suffix":…,"bytes":n}`, and `{"file":…,"done":true}`. Lines are
 * written but not synced: they outlive the process, and after a failure of the machine a file is at worst finished longer or shorter by its
 * last flush, whose events the channel then has or has not as well.
 */
import { mkdir, open, readFile, rename, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '#std/errors';

export interface JournaledFile {
  /** Where it lies while it is open. */
  readonly file: string;
  /** Its final name is `stem` and `suffix`, with a number between where that is taken. */
  readonly stem: string;
  readonly suffix: string;
  /** Acknowledged. */
  readonly bytes: number;
}

const linesMin = 1000;

export class FileJournal {
  private readonly files = new Map<string, JournaledFile>();
  private handle: FileHandle | null = null;
  private lines = 0;
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly directory: string) {}

  /** Gives what an earlier process left open. */
  async start(): Promise<readonly JournaledFile[]> {
    await mkdir(this.directory, { recursive: true });
    this.files.clear();
    for (const line of await this.readLines()) this.apply(line);
    await this.rewrite();
    return [...this.files.values()];
  }

  async stop(): Promise<void> {
    await this.writing.catch(() => undefined);
    await this.handle?.close();
    this.handle = null;
  }

  /** Resolves when a crash of the process cannot undo it. */
  note(files: readonly JournaledFile[]): Promise<void> {
    for (const file of files) this.files.set(file.file, file);
    return this.write(files);
  }

  done(file: string): Promise<void> {
    if (!this.files.delete(file)) return Promise.resolve();
    return this.write([{ file, done: true }]);
  }

  private write(entries: readonly object[]): Promise<void> {
    this.writing = this.writing
      .catch(() => undefined)
      .then(async () => {
        if (this.handle === null) return;
        this.lines += entries.length;
        if (this.lines > linesMin + 4 * this.files.size) await this.rewrite();
        else await this.handle.appendFile(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
      });
    return this.writing;
  }

  private async rewrite(): Promise<void> {
    const path = join(this.directory, 'open-files');
    const next = await open(`${path}.new`, 'w');
    await next.appendFile([...this.files.values()].map((file) => `${JSON.stringify(file)}\n`).join(''));
    await rename(`${path}.new`, path);
    await this.handle?.close();
    this.handle = next;
    this.lines = this.files.size;
  }

  private async readLines(): Promise<string[]> {
    try {
      return (await readFile(join(this.directory, 'open-files'), 'utf8')).split('\n');
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return [];
      throw error;
    }
  }

  /** A last line that a crash cut off says nothing. */
  private apply(line: string): void {
    let entry: unknown;
    try {
      entry = JSON.parse(line);
    } catch {
      return;
    }
    if (typeof entry !== 'object' || entry === null || !('file' in entry) || typeof entry.file !== 'string') return;
    const { file } = entry;
    if ('done' in entry) this.files.delete(file);
    else if ('stem' in entry && 'suffix' in entry && 'bytes' in entry) {
      this.files.set(file, {
        file,
        stem: String(entry.stem),
        suffix: String(entry.suffix),
        bytes: Number(entry.bytes),
      });
    }
  }
}
