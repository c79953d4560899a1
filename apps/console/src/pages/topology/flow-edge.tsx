import { ViewportPortal } from '@xyflow/react';
import { memo } from 'react';
import { formatRate } from '../../ui/format.js';
import { useDropping, useEdge } from './flow-hooks.js';
import { labelPlace, pathOf, type Point } from './flow-layout.js';
import { edgeLook, edgeWidth, edgeWord, lagText } from './flow-rows.js';
import type { FlowLine } from './flow-structure.js';
import { usePictureActions } from './picture-actions.js';

export interface EdgeData extends Record<string, unknown> {
  readonly line: FlowLine;
  readonly points: readonly Point[];
  readonly isDown: boolean;
  /** "web to disk", for those who hear it. */
  readonly name: string;
}

/** Redraws when its own row changes. */
export const FlowEdge = memo(function FlowEdge({ data }: { data?: EdgeData }) {
  const edge = useEdge(data?.line.members ?? []);
  const isDropping = useDropping(edge?.dropped_lost);
  const { open } = usePictureActions();
  if (data === undefined || edge === undefined) return null;
  const { line, points, isDown, name } = data;
  const look = edgeLook(edge, isDropping);
  const path = pathOf(points, isDown);
  const { x, y } = labelPlace(points);
  const lag = lagText(edge.lag_records, edge.lag_seconds);
  const isCalm = look === 'flowing' || look === 'quiet';
  return (
    <>
      <g className="topology-edge" data-look={look} data-edge={name} onClick={() => open(line.key)}>
        <path className="topology-edge-hit" d={path} />
        <path className="topology-edge-line" d={path} strokeWidth={edgeWidth(edge)} />
        {look === 'flowing' || look === 'pressure' ? <path className="topology-edge-drops" d={path} /> : null}
      </g>
      <ViewportPortal>
        <button
          type="button"
          className="topology-edge-label nodrag nopan"
          data-look={look}
          data-edge={name}
          aria-haspopup="dialog"
          style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}
          onClick={() => open(line.key)}
        >
          <span className="unseen">{name}: </span>
          {look === 'stopped' ? null : <span>{formatRate(edge.records_per_second)}</span>}
          {isCalm ? null : (
            <strong>{look === 'pressure' && edge.back_pressure ? 'pressure' : edgeWord(edge, look)}</strong>
          )}
          {lag === null ? null : <span className="topology-lag">{lag}</span>}
        </button>
      </ViewportPortal>
    </>
  );
});
