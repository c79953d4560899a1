import { createWriteStream, renameSync, statSync, type WriteStream } from 'node:fs';

const bytesMax = 10 * 1024 * 1024;

/** The product's own log, one older file kept beside it. */
export class LogFile {
  private stream: WriteStream;
  private bytes: number;

  constructor(private readonly path: string) {
    this.bytes = sizeOf(path);
    this.stream = openStream(path);
  }

  write(line: string): void {
    this.stream.write(`${line}\n`);
    this.bytes += line.length + 1;
    if (this.bytes < bytesMax) return;
    this.stream.end();
    renameSync(this.path, `${this.path}.1`);
    this.stream = openStream(this.path);
    this.bytes = 0;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.stream.end(() => resolve());
    });
  }
}

/** A line that cannot be written is lost: a full disk must not end the product, which holds producers back then and goes on later. */
function openStream(path: string): WriteStream {
  return createWriteStream(path, { flags: 'a' }).on('error', () => undefined);
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}
