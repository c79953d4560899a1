/** How far long work is: a line that is redrawn on a terminal, a line each ten seconds elsewhere, an object a change as JSON. */
import { outputForm } from './output.js';
import type { CommandInput } from './command.js';

export interface Progress {
  readonly done: number;
  /** Null: not known. */
  readonly total: number | null;
  readonly unit: string;
  /** Per second. */
  readonly rate: number;
  readonly etaSeconds: number | null;
}

const plainEveryMs = 10_000;
const drawEveryMs = 100;

export class ProgressBar {
  private shownAtMs = 0;
  private isDrawn = false;

  constructor(
    private readonly input: CommandInput,
    private readonly label: string,
  ) {}

  /** `item` is what JSON shows. */
  show(progress: Progress, item: unknown): void {
    if (outputForm(this.input) === 'json') return this.input.out(JSON.stringify(item));
    if (this.input.on('quiet')) return;
    const nowMs = Date.now();
    const isTerminal = process.stderr.isTTY;
    if (nowMs - this.shownAtMs < (isTerminal ? drawEveryMs : plainEveryMs)) return;
    this.shownAtMs = nowMs;
    const width = isTerminal ? process.stderr.columns : 0;
    const line = `${this.label} ${progressText(progress, width - this.label.length - 1)}`;
    process.stderr.write(isTerminal ? `\r\x1b[2K${line.slice(0, Math.max(20, width - 1))}` : `${line}\n`);
    this.isDrawn = isTerminal;
  }

  /** Leaves the last state where it is. */
  end(): void {
    if (this.isDrawn) process.stderr.write('\n');
    this.isDrawn = false;
  }
}

/** `width` 0: without a bar. A total that is not known is a count, never a share. */
export function progressText({ done, total, unit, rate, etaSeconds }: Progress, width: number): string {
  const speed = rate > 0 ? `  ${Math.round(rate)}/s` : '';
  if (total === null) return `${done} ${unit}${speed}`;
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const left = etaSeconds === null ? '' : `  ${durationText(etaSeconds)} left`;
  const text = `${String(Math.floor(share * 100)).padStart(3)} %  ${done} of ${total} ${unit}${speed}${left}`;
  const cells = Math.min(40, width - text.length - 4);
  if (cells < 8) return text;
  const full = Math.round(share * cells);
  return `[${'#'.repeat(full)}${'.'.repeat(cells - full)}] ${text}`;
}

export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
