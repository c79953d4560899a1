/** The picture itself; loaded after the page, for its weight. */
import {
  Handle,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  Position,
  type Edge,
  type Node,
  type NodeProps,
} from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { live } from '../../api/live.js';
import { useLiveState } from '../../api/live-hooks.js';
import { Button } from '../../ui/basics.js';
import { FlowEdge, type EdgeData } from './flow-edge.js';
import { useWidth } from './flow-hooks.js';
import { cardSize, layoutOf, type FlowLayout } from './flow-layout.js';
import { nodeOf, type FlowRows } from './flow-rows.js';
import type { FlowCard, FlowStructure } from './flow-structure.js';
import { NodeCard } from './node-card.js';
import { PictureActionsContext, type PictureActions } from './picture-actions.js';

interface PictureProps {
  readonly structure: FlowStructure;
  readonly chosen: string | null;
  readonly open: (key: string) => void;
  readonly showWhole: (column: number) => void;
}

/** Narrower than this, stages stand below each other. */
const downWidthMax = 620;
const margin = 20;
const marginDown = 8;
/** Below the picture, where its buttons stand. */
const barSize = 32;
const zoomMax = 1.15;
/** Below it, words could not be read: the picture is moved instead. */
const zoomMin = 0.62;
const zoomMinDown = 0.5;
/** Higher than this, it scrolls in its frame instead of with the page. */
const heightMax = 1_500;
/** More cards than this: only those in view are drawn, and nothing moves. */
const manyCards = 120;

type CardNode = Node<{ card: FlowCard; isDown: boolean }, 'card'>;
type TitleNode = Node<{ title: string }, 'title'>;
const nodeTypes = { card: CardOfPicture, title: TitleOfPicture };
const edgeTypes = { flow: FlowEdge };

export default function Picture(props: PictureProps) {
  return (
    <ReactFlowProvider>
      <Drawn {...props} />
    </ReactFlowProvider>
  );
}

function Drawn({ structure, chosen, open, showWhole }: PictureProps) {
  const [frame, width] = useWidth();
  const isDown = width > 0 && width < downWidthMax;
  const layout = useMemo(() => layoutOf(structure, isDown), [structure, isDown]);
  const nodes = useMemo(() => nodesOf(structure, layout, isDown), [structure, layout, isDown]);
  const edges = useMemo(() => edgesOf(structure, layout, isDown), [structure, layout, isDown]);
  const { paused } = useLiveState();
  const zoom = Math.min(
    zoomMax,
    Math.max(isDown ? zoomMinDown : zoomMin, (width - 2 * (isDown ? marginDown : margin)) / layout.width),
  );
  const high = layout.height * zoom + 2 * margin + barSize;
  const isHigh = high > heightMax;
  const { fit, hasMoved, zoomBy, reveal, onMoveStart } = useView({
    layout,
    width,
    height: isHigh ? window.innerHeight * 0.75 : high,
    zoom,
  });
  const actions = useMemo<PictureActions>(
    () => ({ open, showWhole, reveal, chosen }),
    [open, showWhole, reveal, chosen],
  );
  const isMany = structure.cards.length > manyCards;
  return (
    <div
      ref={frame}
      className="topology-frame"
      role="group"
      aria-label="Picture of the flow"
      data-held={paused}
      data-many={isMany}
      style={{ height: isHigh ? '75vh' : Math.max(high, 220) }}
    >
      {width === 0 ? null : (
        <PictureActionsContext value={actions}>
          <ReactFlow
            nodes={nodes}
            edges={edges}
            nodeTypes={nodeTypes}
            edgeTypes={edgeTypes}
            onMoveStart={onMoveStart}
            onInit={fit}
            minZoom={0.2}
            maxZoom={2}
            nodesDraggable={false}
            nodesConnectable={false}
            nodesFocusable={false}
            edgesFocusable={false}
            elementsSelectable={false}
            disableKeyboardA11y
            deleteKeyCode={null}
            selectionKeyCode={null}
            multiSelectionKeyCode={null}
            panActivationKeyCode={null}
            zoomOnScroll={false}
            zoomOnDoubleClick={false}
            panOnScroll={isHigh}
            panOnDrag={!isDown || isHigh}
            preventScrolling={isHigh}
            onlyRenderVisibleElements={isMany}
            proOptions={{ hideAttribution: true }}
          />
        </PictureActionsContext>
      )}
      <div className="topology-zoom" role="group" aria-label="Size of the picture">
        <Button aria-label="Smaller" onPress={() => zoomBy(1 / 1.25)}>
          −
        </Button>
        <Button aria-label="Larger" onPress={() => zoomBy(1.25)}>
          +
        </Button>
        {hasMoved ? <Button onPress={fit}>Fit</Button> : null}
      </div>
    </div>
  );
}

/** Where the picture is looked at: as it fits, until somebody moves it. */
function useView(given: { layout: FlowLayout; width: number; height: number; zoom: number }): {
  readonly fit: () => void;
  readonly hasMoved: boolean;
  readonly zoomBy: (factor: number) => void;
  readonly reveal: (key: string) => void;
  readonly onMoveStart: (event: unknown) => void;
} {
  const { layout, width, height, zoom } = given;
  const { setViewport, getViewport, zoomTo } = useReactFlow();
  const [hasMoved, setHasMoved] = useState(false);
  const fit = useCallback(() => {
    setHasMoved(false);
    void setViewport({ x: Math.max(marginDown, (width - layout.width * zoom) / 2), y: margin, zoom });
  }, [setViewport, width, layout.width, zoom]);
  useEffect(() => {
    if (!hasMoved) fit();
  }, [fit, hasMoved]);
  const zoomBy = useCallback(
    (factor: number) => {
      setHasMoved(true);
      void zoomTo(getViewport().zoom * factor);
    },
    [zoomTo, getViewport],
  );
  const reveal = useCallback(
    (key: string) => {
      const place = layout.cards.get(key);
      if (place === undefined) return;
      const view = getViewport();
      const x = inView(view.x, place.x * view.zoom, { size: cardSize.width * view.zoom, room: width });
      const y = inView(view.y, place.y * view.zoom, { size: cardSize.height * view.zoom, room: height });
      if (x !== view.x || y !== view.y) void setViewport({ ...view, x, y });
    },
    [layout, width, height, getViewport, setViewport],
  );
  const onMoveStart = useCallback((event: unknown) => {
    if (event !== null) setHasMoved(true);
  }, []);
  return { fit, hasMoved, zoomBy, reveal, onMoveStart };
}

/** The offset at which something of that size is wholly within the room; as it was where it is already. */
function inView(offset: number, place: number, { size, room }: { size: number; room: number }): number {
  if (offset + place < margin) return margin - place;
  return offset + place + size > room - margin ? room - margin - place - size : offset;
}

function nodesOf(structure: FlowStructure, layout: FlowLayout, isDown: boolean): (CardNode | TitleNode)[] {
  const { width, height } = cardSize;
  const side = { width: 1, height: 1 };
  const handles = isDown
    ? [
        { type: 'target' as const, position: Position.Top, x: width / 2, y: 0, ...side },
        { type: 'source' as const, position: Position.Bottom, x: width / 2, y: height, ...side },
      ]
    : [
        { type: 'target' as const, position: Position.Left, x: 0, y: height / 2, ...side },
        { type: 'source' as const, position: Position.Right, x: width, y: height / 2, ...side },
      ];
  const titles = [...layout.titles].map(([column, position]): TitleNode => ({
    id: `title:${column}`,
    type: 'title',
    position: { ...position },
    width,
    height: 22,
    data: { title: structure.columns.get(column) ?? '' },
  }));
  const cards = structure.cards
    .map((card) => ({ card, position: layout.cards.get(card.key) ?? { x: 0, y: 0 } }))
    // As they are read, and as the focus goes through them.
    .sort(
      (left, right) =>
        left.card.column - right.card.column ||
        left.position.y - right.position.y ||
        left.position.x - right.position.x,
    )
    .map(({ card, position }): CardNode => ({
      id: card.key,
      type: 'card',
      position: { ...position },
      width,
      height,
      // Known beforehand, so that cards out of view need not be drawn to be measured.
      handles,
      data: { card, isDown },
    }));
  return [...titles, ...cards];
}

function edgesOf(structure: FlowStructure, layout: FlowLayout, isDown: boolean): Edge<EdgeData>[] {
  const rows = live.rows('topology') as FlowRows;
  const nameOf = new Map(
    structure.cards.map(({ key, kind, members }) => {
      const name = nodeOf(rows, members[0] ?? '')?.name ?? key;
      return [key, kind === 'rest' ? `${members.length} more` : name];
    }),
  );
  return structure.lines.map((line) => ({
    id: line.key,
    source: line.from,
    target: line.to,
    type: 'flow',
    data: {
      line,
      points: layout.lines.get(line.key) ?? [],
      isDown,
      name: `${nameOf.get(line.from) ?? ''} to ${nameOf.get(line.to) ?? ''}`,
    },
  }));
}

function CardOfPicture({ data }: NodeProps<CardNode>) {
  const { card, isDown } = data;
  return (
    <>
      <NodeCard card={card} />
      <Handle type="target" position={isDown ? Position.Top : Position.Left} isConnectable={false} />
      <Handle type="source" position={isDown ? Position.Bottom : Position.Right} isConnectable={false} />
    </>
  );
}

function TitleOfPicture({ data }: NodeProps<TitleNode>) {
  return <p className="topology-title">{data.title}</p>;
}
