import type { JsonObject, JsonValue } from '#pipeline/sink-json';
import { isJsonObject } from '#pipeline/sink-json';

/** What a record does to the row of its key. */
export type RowChange =
  | { readonly kind: 'write'; readonly row: JsonObject }
  /** `before` = the row that was there, as far as the record tells. */
  | { readonly kind: 'delete'; readonly before: JsonObject | null }
  | { readonly kind: 'truncate' }
  /** A message for readers of the log, or a schema change: nothing for a table. */
  | { readonly kind: 'nothing' };

/**
 * A change event of Debezium (documentation, "Data change events"): `op` is c, u, r (a row of a snapshot), d, t or m. Null where
 * the value is no change event.
 */
export function readChangeEvent(value: JsonObject): RowChange | null {
  const { op } = value;
  if (typeof op !== 'string' || !('after' in value || 'before' in value || 'source' in value)) return null;
  switch (op) {
    case 'c':
    case 'u':
    case 'r': {
      const after = rowOf(value['after']);
      return after === null ? null : { kind: 'write', row: after };
    }
    case 'd':
      return { kind: 'delete', before: rowOf(value['before']) };
    case 't':
      return { kind: 'truncate' };
    case 'm':
      return { kind: 'nothing' };
    default:
      return null;
  }
}

function rowOf(value: JsonValue | undefined): JsonObject | null {
  return value !== undefined && isJsonObject(value) ? value : null;
}
