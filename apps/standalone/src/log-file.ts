import { createWriteStream, renameSync, statSync, type WriteStream } from 'node:fs';

const bytesMax = 10 * 1024 * 1024;

/** The product's own log, one older file kept beside it. */
export class LogFile {
  private stream: WriteStream;
  private bytes: number;

  constructor(private readonly path: string) {
    this.bytes = sizeOf(path);
    this.stream = createWriteStream(path, { flags: 'a' });
  }

  write(line: string): void {
    this.stream.write(`${line}\n`);
    this.bytes += line.length + 1;
    if (this.bytes < bytesMax) return;
    this.stream.end();
    renameSync(this.path, `${this.path}.1`);
    this.stream = createWriteStream(this.path, { flags: 'a' });
    this.bytes = 0;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.stream.end(() => resolve());
    });
  }
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}
