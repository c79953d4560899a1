import type { BulkAction, BulkItem } from './bulk-client.js';

/** What the server's answer for one document means. */
export type ItemOutcome = 'done' | 'retry' | 'refused' | 'fatal' | 'missing';

export function itemOutcome({ kind }: BulkAction, { status, type, reason }: BulkItem): ItemOutcome {
  if (status >= 200 && status < 300) return 'done';
  // An older version or a known id: it was written before. An update has met another one.
  if (status === 409) return kind === 'update' ? 'retry' : 'done';
  if (status === 404)
    return type === 'index_not_found_exception' ? missing(kind) : kind === 'delete' ? 'done' : 'refused';
  // Read-only for want of disk, among others: somebody will make room.
  if (status === 429 || status === 408 || type === 'cluster_block_exception' || !(status < 500)) return 'retry';
  if (status === 401 || status === 403 || type === 'invalid_index_name_exception') return 'fatal';
  // Of an index where a data stream was expected, and the other way round: true of all records.
  if (/op_type of create are allowed in data streams/.test(reason)) return 'fatal';
  return 'refused';
}

function missing(kind: BulkAction['kind']): ItemOutcome {
  return kind === 'delete' ? 'done' : 'missing';
}
