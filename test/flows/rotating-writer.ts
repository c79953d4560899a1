import {
  appendFileSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  renameSync,
  truncateSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { sleep } from '../peers/child.js';

const lineBytes = 200;
const burstLines = 400;
/** Multi-byte characters, so that a write can end within one. */
const filler = Buffer.from('žluťoučký kůň – €20 – 日本語 '.repeat(6));

/** Line `n` with its line end: its number, then text of several bytes a character, 200 bytes in all. */
export function numberedLine(n: number): Buffer {
  const line = Buffer.alloc(lineBytes, 0x2e);
  const head = line.write(`${n} `);
  filler.copy(line, head, 0, lineBytes - head - 1);
  line[lineBytes - 1] = 10;
  return line;
}

/** The number that a line begins with; -1 for what is none of our lines, whole. */
export function lineNumber(line: Buffer | null): number {
  if (line === null || line.length !== lineBytes - 1) return -1;
  let n = 0;
  for (let at = 0; ; at += 1) {
    const digit = (line[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return at === 0 ? -1 : n;
    n = n * 10 + digit;
  }
}

export type Rotation = 'rename-inside' | 'rename-outside' | 'copy-truncate' | 'delete-recreate';
export const rotations: readonly Rotation[] = ['rename-inside', 'rename-outside', 'copy-truncate', 'delete-recreate'];

export interface RotatingWriterOptions {
  /** `app-0.log` … are written here, and rotated to `app-0.log.1` … or to `old/`. */
  readonly directory: string;
  readonly lines: number;
  /** Lines of one file between two rotations. */
  readonly linesPerRotation: number;
  /** How many lines have arrived; what leaves the pattern, is cut or deleted is let arrive before. */
  readonly arrived: () => number;
  /** Lines written and not arrived at which the writer waits. */
  readonly lagMax: number;
}

/**
 * Applications that write numbered lines into one file each, a file for each kind of rotation, as log4j and logrotate do it. A burst is
 * written in two pieces that are cut anywhere, also within a character.
 */
export class RotatingWriter {
  written = 0;
  readonly rotated: Record<Rotation, number> = {
    'rename-inside': 0,
    'rename-outside': 0,
    'copy-truncate': 0,
    'delete-recreate': 0,
  };
  private readonly files: { readonly rotation: Rotation; readonly path: string; lines: number }[];

  constructor(private readonly options: RotatingWriterOptions) {
    const { directory } = options;
    mkdirSync(join(directory, 'old'), { recursive: true });
    this.files = rotations.map((rotation, index) => ({
      rotation,
      path: join(directory, `app-${index}.log`),
      lines: 0,
    }));
  }

  /** Resolves when all lines are written. */
  async run(): Promise<void> {
    for (let turn = 0; this.written < this.options.lines; turn += 1) {
      const file = this.files[turn % this.files.length];
      if (file === undefined) break;
      const count = Math.min(burstLines, this.options.lines - this.written);
      await this.burst(file.path, count, turn);
      file.lines += count;
      if (file.lines >= this.options.linesPerRotation) {
        await this.rotate(file.rotation, file.path);
        file.lines = 0;
      }
      while (this.written - this.options.arrived() > this.options.lagMax) await sleep(5);
      if (turn % 4 === 3) await sleep(1);
    }
  }

  private async burst(path: string, count: number, turn: number): Promise<void> {
    const bytes = Buffer.concat(Array.from({ length: count }, (_, index) => numberedLine(this.written + index)));
    const cut = (turn * 7919) % bytes.length;
    const file = openSync(path, 'a');
    try {
      writeSync(file, bytes, 0, cut);
      if (turn % 16 === 0) await sleep(3);
      writeSync(file, bytes, cut);
    } finally {
      closeSync(file);
    }
    this.written += count;
  }

  private async rotate(rotation: Rotation, path: string): Promise<void> {
    this.rotated[rotation] += 1;
    const number = this.rotated[rotation];
    if (rotation === 'rename-inside') return renameSync(path, `${path}.${number}`);
    // Nobody could find these lines any more.
    while (this.options.arrived() < this.written) await sleep(5);
    const old = join(this.options.directory, 'old', `${rotation}.${number % 5}`);
    if (rotation === 'rename-outside') renameSync(path, old);
    if (rotation === 'delete-recreate') {
      unlinkSync(path);
      appendFileSync(path, '');
    }
    if (rotation === 'copy-truncate') {
      copyFileSync(path, old);
      truncateSync(path);
    }
  }
}
