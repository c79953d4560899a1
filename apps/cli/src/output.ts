/** How answers are shown: a table on a terminal, text with tabs into a pipe, or JSON, YAML, names. */
import { createInterface } from 'node:readline/promises';
import { styleText } from 'node:util';
import { table, UsageError, type CommandInput } from './command.js';

export interface Column<T> {
  readonly title: string;
  cell(item: T): string;
}

export const outputForms = ['table', 'json', 'yaml', 'name'] as const;
export type OutputForm = (typeof outputForms)[number];

/** How often `--watch` looks, ms. */
const watchMs = 1_000;

/** Null: a table on a terminal, else text with tabs. */
export function outputForm(input: CommandInput): OutputForm | null {
  const given = input.text('output');
  if (given === null) return null;
  const form = outputForms.find((each) => each === given);
  if (form !== undefined) return form;
  throw new UsageError(`--output must be ${outputForms.join(', ')}, and is "${given}"`);
}

/** One line for each item. `shown` is what JSON and YAML have: the items themselves, unless something says more. */
export async function showList<T>(
  input: CommandInput,
  items: readonly T[],
  form: { readonly columns: readonly Column<T>[]; readonly name: (item: T) => string; readonly empty?: string },
): Promise<void> {
  for (const line of await linesOfList(input, items, form)) input.out(line);
  if (items.length === 0 && form.empty !== undefined && outputForm(input) === null && !input.on('quiet')) {
    process.stderr.write(`${form.empty}\n`);
  }
}

export async function linesOfList<T>(
  input: CommandInput,
  items: readonly T[],
  form: { readonly columns: readonly Column<T>[]; readonly name: (item: T) => string },
): Promise<string[]> {
  const wanted = outputForm(input);
  if (wanted === 'name') return items.map(form.name);
  if (wanted === 'json' || wanted === 'yaml') return [await textOf(wanted, items)];
  const rows = items.map((item) => form.columns.map((column) => column.cell(item)));
  const head = form.columns.map(({ title }) => title);
  return asRows(input, input.on('quiet') ? rows : [head, ...rows]);
}

/** One thing: YAML for people, JSON where asked. */
export async function showOne(input: CommandInput, item: unknown, name: string): Promise<void> {
  const form = outputForm(input);
  if (form === 'name') return input.out(name);
  input.out(await textOf(form === 'json' ? 'json' : 'yaml', item));
}

export async function textOf(form: 'json' | 'yaml', item: unknown): Promise<string> {
  if (form === 'json') return JSON.stringify(item, null, 2);
  const { stringify } = await import('yaml');
  return stringify(item, { lineWidth: 0 }).trimEnd();
}

/** What was done; `--quiet` leaves it out. */
export function say(input: CommandInput, line: string): void {
  if (!input.on('quiet')) input.out(line);
}

/** Rows with columns of equal width on a terminal, else with tabs. */
export function asRows(input: CommandInput, rows: readonly (readonly string[])[]): string[] {
  if (outputForm(input) === 'table' || process.stdout.isTTY) return table(rows, hasColor(input) ? paint : undefined);
  return rows.map((row) => row.map((cell) => cell.replaceAll(/[\t\n]+/g, ' ')).join('\t'));
}

export function hasColor(input: CommandInput): boolean {
  return process.stdout.isTTY && !input.on('no-color') && (process.env['NO_COLOR'] ?? '') === '';
}

const colors = new Map<string, 'green' | 'red' | 'yellow' | 'gray'>([
  ...['RUNNING', 'succeeded', 'Stable', 'ready'].map((word) => [word, 'green'] as const),
  ...['FAILED', 'failed', 'Dead'].map((word) => [word, 'red'] as const),
  ...['PAUSED', 'UNASSIGNED', 'RESTARTING', 'running', 'queued'].map((word) => [word, 'yellow'] as const),
  ...['STOPPED', 'cancelled', 'Empty'].map((word) => [word, 'gray'] as const),
]);

/** Words of state have colours; no other text has. */
export function paint(cell: string): string {
  const color = colors.get(cell);
  return color === undefined ? cell : styleText(color, cell, { validateStream: false });
}

/** Shows once, or with `--watch` anew when it changes, until Ctrl-C. */
export async function watched(input: CommandInput, lines: () => Promise<string[]>): Promise<void> {
  if (!input.on('watch')) {
    for (const line of await lines()) input.out(line);
    return;
  }
  const stop = untilInterrupted();
  let last: string | null = null;
  while (!stop.aborted) {
    const text = (await lines()).join('\n');
    if (text !== last) process.stdout.write(`${process.stdout.isTTY ? '\x1b[2J\x1b[H' : ''}${text}\n`);
    last = text;
    await pause(watchMs, stop);
  }
}

/** Aborts at Ctrl-C, which then no longer ends the process by itself. */
export function untilInterrupted(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  return stop.signal;
}

/** Resolves after the time, or at once when `signal` aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}

/**
 * Before something that cannot be taken back: on a terminal the name has to be typed, elsewhere there has to be `--yes`. Throws
 * UsageError.
 */
export async function confirm(input: CommandInput, effect: string, name: string): Promise<void> {
  if (input.on('yes')) return;
  if (!process.stdin.isTTY)
    throw new UsageError(`${effect} Nothing was done: --yes is needed where nobody can be asked.`);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const typed = await lines.question(`${effect}\nType ${name} to go on: `);
    if (typed.trim() !== name) throw new UsageError(`That was not "${name}": nothing was done.`);
  } finally {
    lines.close();
  }
}
