import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { sleep } from '../peers/child.js';

export const lineBytes = 200;

/** Line `n`: a JSON object of exactly 200 bytes, newline included. */
export function lineOf(n: number): string {
  const head = `{"n":${n},"pad":"`;
  return `${head}${'x'.repeat(lineBytes - head.length - 3)}"}\n`;
}

export function numberIn(line: string): number {
  const match = /^\{"n":(\d+),/.exec(line);
  if (match === null) throw new Error(`not one of our lines: ${line.slice(0, 80)}`);
  return Number(match[1]);
}

/** Appends numbered lines to a file at a steady rate, as an application would, in the background. */
export class LineWriter {
  written = 0;
  private stopped = false;
  private running: Promise<void> = Promise.resolve();

  /** `first` is the number of the first line; default 0. */
  constructor(private readonly options: { path: string; lines: number; linesPerSecond: number; first?: number }) {}

  start(): void {
    this.running = this.run();
  }

  /** Resolves when all lines are written. */
  done(): Promise<void> {
    return this.running;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private async run(): Promise<void> {
    const { path, lines, linesPerSecond, first = 0 } = this.options;
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(path, 'a');
    const began = Date.now();
    try {
      while (this.written < lines && !this.stopped) {
        const due = Math.min(lines, Math.floor(((Date.now() - began) / 1000) * linesPerSecond));
        const parts: string[] = [];
        while (this.written < due && parts.length < 20_000) {
          parts.push(lineOf(first + this.written));
          this.written += 1;
        }
        if (parts.length > 0) writeSync(file, parts.join(''));
        await sleep(20);
      }
    } finally {
      closeSync(file);
    }
  }
}

/** How often each numbered line was seen. */
export class Ledger {
  private readonly counts: Uint32Array;
  total = 0;
  /** Lines seen at least once. */
  distinct = 0;

  constructor(private readonly lines: number) {
    this.counts = new Uint32Array(lines);
  }

  add(n: number, times = 1): void {
    if (n < 0 || n >= this.lines) throw new Error(`line ${n} was never written`);
    const before = this.timesSeen(n);
    if (before === 0 && times > 0) this.distinct += 1;
    this.counts[n] = before + times;
    this.total += times;
  }

  timesSeen(n: number): number {
    return this.counts[n] ?? 0;
  }

  /** Lines that were never seen. */
  missing(): number {
    return this.counts.reduce((sum, count) => sum + (count === 0 ? 1 : 0), 0);
  }

  /** Sightings beyond the first of each line. */
  repeated(): number {
    return this.counts.reduce((sum, count) => sum + Math.max(0, count - 1), 0);
  }

  /** Lines whose counts differ. */
  differences(other: Ledger): number {
    return this.counts.reduce((sum, count, n) => sum + (count === other.counts[n] ? 0 : 1), 0);
  }
}
