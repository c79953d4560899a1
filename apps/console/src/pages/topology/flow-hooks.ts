import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { TopologyEdge, TopologyNode } from '../../../../admin/src/v1/events/live-rows.js';
import { live } from '../../api/live.js';
import { edgesTogether, nodesTogether, type FlowRow, type FlowRows } from './flow-rows.js';
import { isSameStructure, structureOf, type FlowCard, type FlowStructure } from './flow-structure.js';

/** Longer than two looks of the server, so that it does not flicker. */
const droppingMs = 15_000;

/** Rows by key; the same list until one of them changes, so that a card redraws only for its own rows. */
function useRowsOf(keys: readonly string[]): readonly (FlowRow | undefined)[] {
  const last = useRef<readonly (FlowRow | undefined)[]>([]);
  return useSyncExternalStore(live.subscribe, () => {
    const rows = live.rows('topology') as FlowRows;
    const isSame =
      keys.length === last.current.length && keys.every((key, index) => rows.get(key) === last.current[index]);
    if (!isSame) last.current = keys.map((key) => rows.get(key));
    return last.current;
  });
}

/** Of a card: its row, or those of its members as one. */
export function useNode({ members, kind }: Pick<FlowCard, 'members' | 'kind'>): TopologyNode | undefined {
  const rows = useRowsOf(members);
  return useMemo(() => {
    const nodes = rows.filter((row) => row?.kind === 'node');
    return nodesTogether(nodes, kind === 'chain');
  }, [rows, kind]);
}

export function useNodes(keys: readonly string[]): readonly TopologyNode[] {
  const rows = useRowsOf(keys);
  return useMemo(() => rows.filter((row) => row?.kind === 'node'), [rows]);
}

export function useEdge(members: readonly string[]): TopologyEdge | undefined {
  const rows = useRowsOf(members);
  return useMemo(() => edgesTogether(rows.filter((row) => row?.kind === 'edge')), [rows]);
}

/** Whether a count of lost records grew in the last seconds. */
export function useDropping(lost: number | undefined): boolean {
  const [isDropping, setIsDropping] = useState(false);
  const before = useRef(lost);
  useEffect(() => {
    if (lost === undefined) return;
    const hasGrown = before.current !== undefined && lost > before.current;
    before.current = lost;
    setIsDropping(hasGrown);
    if (!hasGrown) return;
    const timer = setTimeout(() => setIsDropping(false), droppingMs);
    return () => clearTimeout(timer);
  }, [lost]);
  return isDropping;
}

/** Made anew only where nodes or edges come, go or move. */
export function useStructure(rows: FlowRows, filter: string, whole: ReadonlySet<number>): FlowStructure {
  const kept = useRef(rows);
  if (kept.current !== rows && !isSameStructure(kept.current, rows)) kept.current = rows;
  const basis = kept.current;
  return useMemo(() => structureOf(basis, { filter, whole }), [basis, filter, whole]);
}

/** Pixels; 0 before it is drawn. */
export function useWidth(): [(element: HTMLElement | null) => void, number] {
  const [element, setElement] = useState<HTMLElement | null>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (element === null) return;
    setWidth(element.clientWidth);
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, [element]);
  return [setElement, width];
}
