/** A sink as it is edited: without what the server tells by itself. */
import { ApiError } from '../../api/request.js';
import { cleanValue, type FormValue, type Problems } from '../../ui/schema-fields.js';

const told = ['kind', 'name', 'state', 'revision', 'created_at', 'updated_at', 'updated_by', 'delivery', 'status'];

export function draftOf(sink: object): FormValue {
  return Object.fromEntries(Object.entries(sink).filter(([name]) => !told.includes(name)));
}

/** Key by key, so that a difference shows what changed and not what moved. */
export function textOf(draft: FormValue): string {
  return `${JSON.stringify(sorted(draft), null, 2)}\n`;
}

/** Null for a text that is no JSON object. */
export function draftOfText(text: string): FormValue | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

export function configOf(draft: FormValue): FormValue {
  const { config } = draft;
  return typeof config === 'object' && config !== null ? { ...config } : {};
}

export function sent(draft: FormValue): FormValue {
  return { ...cleanValue(draft), config: cleanValue(configOf(draft)) };
}

/** By pointer; empty where the refusal is not about a place. */
export function problemsOf(error: unknown): Problems {
  const fields = error instanceof ApiError ? error.fields : [];
  return new Map(fields.map(({ pointer, message }) => [pointer, message]));
}

/** Whether the same work is done afterwards: then no task restarts. */
export function isSameWork(before: FormValue, after: FormValue): boolean {
  const { labels: _old, ...left } = before;
  const { labels: _new, ...right } = after;
  return textOf(left) === textOf(right);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([name, item]) => [name, sorted(item)]));
}
