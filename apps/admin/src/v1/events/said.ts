/** What tasks say of themselves is not ours: it is read with care. */
import { hideUrls } from '../../connect/secrets.js';
import type { LiveReport } from '#control/live-reports';

const reasonCharactersMax = 300;

export function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

export function sumOf(tasks: readonly LiveReport[], name: string): number {
  return tasks.reduce((sum, { details }) => sum + (numberOf(details[name]) ?? 0), 0);
}

export function maxOf(tasks: readonly LiveReport[], name: string): number | null {
  const values = tasks.map(({ details }) => numberOf(details[name])).filter((value) => value !== null);
  return values.length === 0 ? null : Math.max(...values);
}

/** One line without secrets. */
export function shortReason(text: string): string {
  const line = hideUrls(text.split('\n', 1)[0] ?? '').trim();
  return line.length > reasonCharactersMax ? `${line.slice(0, reasonCharactersMax - 1)}…` : line;
}
