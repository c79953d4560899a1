import { edgeOf, nodeOf, type FlowRows } from './flow-rows.js';

/** From where records that pass a node can be seen. */
export type EventOrigin =
  | { readonly kind: 'tap'; readonly connector: string; readonly edge: string }
  | { readonly kind: 'topic'; readonly topic: string };

/** Null where nobody can look: a store, a writing client. */
export function eventsOf(rows: FlowRows, key: string): EventOrigin | null {
  const node = nodeOf(rows, key);
  if (node === undefined) return null;
  const { stage, name, connector } = node;
  if (stage === 'topic') return { kind: 'topic', topic: name };
  const topic = senders(rows, key).find((sender) => nodeOf(rows, sender)?.stage === 'topic');
  if (topic !== undefined && stage !== 'source') return eventsOf(rows, topic);
  if (connector === null) return null;
  if (stage === 'sink') return { kind: 'tap', connector, edge: `sink.${name}` };
  if (stage === 'source') return { kind: 'tap', connector, edge: `source.${name}` };
  if (stage === 'channel') return { kind: 'tap', connector, edge: `channel.${name}` };
  if (stage !== 'interceptor') return null;
  const source = sourceOf(rows, key);
  return source === null ? null : { kind: 'tap', connector, edge: `interceptors.${source}` };
}

function sourceOf(rows: FlowRows, key: string): string | null {
  const seen = new Set([key]);
  for (const one of seen) {
    const node = nodeOf(rows, one);
    if (node?.stage === 'source') return node.name;
    for (const sender of senders(rows, one)) seen.add(sender);
  }
  return null;
}

function senders(rows: FlowRows, key: string): string[] {
  return [...rows.keys()].flatMap((edge) => {
    const row = edgeOf(rows, edge);
    return row?.to === key ? [row.from] : [];
  });
}
