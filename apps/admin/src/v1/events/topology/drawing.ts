import type { FlowState, TopologyEdge, TopologyNode } from '../live-rows.js';
import { rounded } from '../rates.js';

/** More rows than this are no picture. */
const rowsMax = 20_000;

type NodeParts = Pick<TopologyNode, 'stage' | 'name' | 'type' | 'connector' | 'state'> & Partial<TopologyNode>;
type EdgeParts = Pick<TopologyEdge, 'from' | 'to' | 'state'> & Partial<TopologyEdge>;

/** The rows of the table as they come together. */
export class Drawing {
  readonly rows = new Map<string, TopologyNode | TopologyEdge>();

  node(key: string, parts: NodeParts): void {
    if (this.rows.size >= rowsMax) return;
    const { in_per_second: input = null, out_per_second: output = null } = parts;
    this.rows.set(key, {
      kind: 'node',
      reason: null,
      fill: null,
      errors: 0,
      ...parts,
      in_per_second: input === null ? null : rounded(input),
      out_per_second: output === null ? null : rounded(output),
    });
  }

  edge(parts: EdgeParts): void {
    if (this.rows.size >= rowsMax) return;
    const { records_per_second: records = null, bytes_per_second: bytes = null } = parts;
    this.rows.set(`edge:${parts.from.slice(5)}→${parts.to.slice(5)}`, {
      kind: 'edge',
      lag_records: null,
      lag_seconds: null,
      back_pressure: false,
      dropped_intended: 0,
      dropped_lost: 0,
      ...parts,
      records_per_second: records === null ? null : rounded(records),
      bytes_per_second: bytes === null ? null : rounded(bytes),
    });
  }
}

/** `node:collector/weblog/source/web`. */
export function nodeKey(kind: 'topic' | 'collector' | 'sink' | 'client', ...names: readonly string[]): string {
  return `node:${[kind, ...names].map(encodeURIComponent).join('/')}`;
}

export interface Flowing {
  readonly state: FlowState;
  readonly reason: string | null;
}
