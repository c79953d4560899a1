import { memo } from 'react';
import type { TopologyNode } from '../../../../admin/src/v1/events/live-rows.js';
import { formatPlural, formatRate } from '../../ui/format.js';
import { useNode, useNodes } from './flow-hooks.js';
import { shortName, stageNames, stateTones } from './flow-rows.js';
import type { FlowCard } from './flow-structure.js';
import { StageIcon } from './stage-icon.js';
import { usePictureActions } from './picture-actions.js';

const shapes = { good: '●', warn: '▲', bad: '■', accent: '◆', idle: '○' } as const;

/** Redraws when its own row changes. */
export const NodeCard = memo(function NodeCard({ card }: { card: FlowCard }) {
  const node = useNode(card);
  const { open, showWhole, chosen, reveal } = usePictureActions();
  if (node === undefined) return null;
  if (card.kind === 'rest') return <RestCard card={card} onShow={() => showWhole(card.column)} />;
  return (
    <button
      type="button"
      className="topology-card nodrag nopan"
      data-tone={stateTones[node.state]}
      data-chosen={chosen === card.key}
      data-key={card.key}
      aria-haspopup="dialog"
      onClick={() => open(card.key)}
      onFocus={() => reveal(card.key)}
    >
      <span className="topology-card-name">
        <StageIcon stage={node.stage} />
        <span className="unseen">{stageNames[node.stage].one}</span>
        <CardName card={card} node={node} />
      </span>
      <span className="topology-card-state">
        <span className="topology-state">
          <span aria-hidden="true">{shapes[stateTones[node.state]]}</span> {node.state}
        </span>
        <TypeOrNames card={card} type={node.type} />
      </span>
      <Rates node={node} />
      <Health node={node} />
    </button>
  );
});

function CardName({ card, node }: { card: FlowCard; node: TopologyNode }) {
  const isRow = card.kind === 'chain' && node.stage === 'interceptor';
  const name = isRow ? formatPlural(card.members.length, 'interceptor') : node.name;
  return (
    <span className="topology-name" title={name}>
      {shortName(name)}
    </span>
  );
}

/** Of a chain: what else is in it. */
function TypeOrNames({ card, type }: { card: FlowCard; type: string }) {
  const names = useNodes(card.members).map(({ name }) => name);
  const text =
    card.kind !== 'chain' ? type : card.stage === 'interceptor' ? names.join(' → ') : `→ ${names.at(-1) ?? ''}`;
  return (
    <span className="topology-type" title={text}>
      {text}
    </span>
  );
}

function Rates({ node }: { node: TopologyNode }) {
  const hasIn = node.in_per_second !== null;
  const hasOut = node.out_per_second !== null;
  return (
    <span className="topology-rates">
      {hasIn ? (
        <span>
          <span aria-hidden="true">→ </span>
          {formatRate(node.in_per_second)}
          <span className="unseen"> in</span>
        </span>
      ) : (
        <span />
      )}
      {hasOut ? (
        <span>
          {formatRate(node.out_per_second)}
          <span aria-hidden="true"> →</span>
          <span className="unseen"> out</span>
        </span>
      ) : null}
    </span>
  );
}

function Health({ node }: { node: TopologyNode }) {
  const { fill, errors } = node;
  return (
    <span className="topology-health">
      {fill === null ? null : (
        <span className="topology-fill" title={`buffer ${percent(fill)} full`}>
          <span className="topology-bar" data-tone={fill >= 0.8 ? 'bad' : fill >= 0.5 ? 'warn' : 'good'}>
            <span style={{ transform: `scaleX(${Math.min(1, fill)})` }} />
          </span>
          {percent(fill)}
          <span className="unseen"> of the buffer is full</span>
        </span>
      )}
      {errors === 0 ? null : (
        <span className="topology-errors" title="in the last five minutes">
          <span aria-hidden="true">■ </span>
          {formatPlural(errors, 'error')}
        </span>
      )}
    </span>
  );
}

export function percent(share: number): string {
  return share > 0 && share < 0.01 ? '< 1 %' : `${Math.round(share * 100)} %`;
}

/** What has no room in its column. */
function RestCard({ card, onShow }: { card: FlowCard; onShow: () => void }) {
  const nodes = useNodes(card.members);
  const still = nodes.filter(({ state }) => state !== 'running').length;
  return (
    <button type="button" className="topology-card topology-rest nodrag nopan" data-key={card.key} onClick={onShow}>
      <strong>{formatPlural(nodes.length, `more ${stageNames[card.stage].one}`)}</strong>
      <span className="quiet">{still === 0 ? 'all running' : `${still} not running`}</span>
      <span className="topology-more">Show all</span>
    </button>
  );
}
