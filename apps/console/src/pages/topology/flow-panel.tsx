import { Drawer } from '../../ui/dialogs.js';
import { useLive } from '../../api/live-hooks.js';
import { useFlowHistory } from './flow-history.js';
import { EdgePanel } from './edge-panel.js';
import { edgeOf, nodeOf, stageNames, type FlowRows } from './flow-rows.js';
import { NodePanel } from './node-panel.js';

interface PanelProps {
  /** Key of a row or of a chain; null: closed. */
  readonly chosen: string | null;
  readonly onOpen: (key: string) => void;
  readonly onClose: () => void;
}

/** One part or one edge beside the picture. */
export function FlowPanel({ chosen, onOpen, onClose }: PanelProps) {
  const rows = useLive('topology');
  const key = chosen?.replace(/^chain:/, '') ?? null;
  const history = useFlowHistory(rows, key);
  return (
    <Drawer title={key === null ? '' : titleOf(rows, key)} isOpen={chosen !== null} onClose={onClose}>
      {key === null ? null : nodeOf(rows, key) !== undefined ? (
        <NodePanel key={key} rows={rows} row={key} history={history} onOpen={onOpen} />
      ) : edgeOf(rows, key) !== undefined ? (
        <EdgePanel key={key} rows={rows} row={key} history={history} onOpen={onOpen} />
      ) : (
        <p className="quiet">It is not there any more.</p>
      )}
    </Drawer>
  );
}

function titleOf(rows: FlowRows, key: string): string {
  const node = nodeOf(rows, key);
  if (node !== undefined) return `${node.name} (${stageNames[node.stage].one})`;
  const edge = edgeOf(rows, key);
  if (edge === undefined) return 'Gone';
  return `${nodeOf(rows, edge.from)?.name ?? edge.from} → ${nodeOf(rows, edge.to)?.name ?? edge.to}`;
}
