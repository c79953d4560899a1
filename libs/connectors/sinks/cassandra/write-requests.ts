import type { CassandraSettings } from './options.js';
import type { RowWrite } from './row-reader.js';
import type { TablePlan } from './table-plan.js';

/** One request: a statement, or an unlogged batch of statements for one partition of a table. */
export interface WriteRequest {
  readonly plan: TablePlan;
  readonly rows: readonly RowWrite[];
}

type Bounds = Pick<CassandraSettings, 'batchRecordsMax' | 'batchBytesMax'>;

/** Gathers rows of the same partition of a table, in the order of their records, up to the bounds of a batch. */
export function requestsOf(
  writes: readonly { readonly plan: TablePlan; readonly rows: readonly RowWrite[] }[],
  bounds: Bounds,
): WriteRequest[] {
  const requests: WriteRequest[] = [];
  for (const { plan, rows } of writes) {
    if (plan.wide && bounds.batchRecordsMax > 1) requests.push(...batchesOf(plan, rows, bounds));
    else for (const row of rows) requests.push({ plan, rows: [row] });
  }
  return requests;
}

function batchesOf(plan: TablePlan, rows: readonly RowWrite[], bounds: Bounds): WriteRequest[] {
  const requests: WriteRequest[] = [];
  const open = new Map<string, { rows: RowWrite[]; bytes: number }>();
  for (const row of rows) {
    const batch = open.get(row.partition);
    const fits =
      batch !== undefined &&
      batch.rows.length < bounds.batchRecordsMax &&
      batch.bytes + row.bytes <= bounds.batchBytesMax;
    if (fits) {
      batch.rows.push(row);
      batch.bytes += row.bytes;
      continue;
    }
    const fresh = { rows: [row], bytes: row.bytes };
    open.set(row.partition, fresh);
    requests.push({ plan, rows: fresh.rows });
  }
  return requests;
}
