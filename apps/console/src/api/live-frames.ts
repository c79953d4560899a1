/** What frames of the stream come to, without a browser. */
import type { LiveFrame } from '../../../admin/src/v1/events/live-rows.js';

export const sparkPoints = 60;

/** One frame a table. */
export function merged(frames: readonly LiveFrame[]): LiveFrame[] {
  const byTable = new Map<string, LiveFrame>();
  for (const frame of frames) {
    const before = byTable.get(frame.table);
    byTable.set(frame.table, before === undefined || frame.full ? frame : together(before, frame));
  }
  return [...byTable.values()];
}

function together(before: LiveFrame, after: LiveFrame): LiveFrame {
  const rows = { ...before.rows, ...after.rows };
  for (const key of after.gone) delete rows[key];
  const gone = new Set([...before.gone, ...after.gone]);
  for (const key of Object.keys(rows)) gone.delete(key);
  return { table: after.table, full: before.full, rows, gone: [...gone], at: after.at };
}

/** Adds a point for each row and field to `sparks` (by `row\nfield`, the newest last, at most 60); NaN where the field is no number. */
export function remember(
  { rows, sparks }: { readonly rows: ReadonlyMap<string, unknown>; readonly sparks: Map<string, number[]> },
  fields: readonly string[],
): void {
  if (fields.length === 0) return;
  for (const [key, row] of rows) {
    if (typeof row !== 'object' || row === null) continue;
    for (const field of fields) {
      const points = sparks.get(`${key}\n${field}`) ?? [];
      const value: unknown = Reflect.get(row, field);
      points.push(typeof value === 'number' ? value : Number.NaN);
      if (points.length > sparkPoints) points.shift();
      sparks.set(`${key}\n${field}`, points);
    }
  }
  // Rows that are gone leave their points behind.
  if (sparks.size <= 2 * rows.size * fields.length) return;
  for (const id of sparks.keys()) if (!rows.has(id.slice(0, id.lastIndexOf('\n')))) sparks.delete(id);
}
