import type { PeerMessage } from '#broker/cluster/peer-calls';
import type { NodeReady } from './node-process.js';
import type { TopicsMetrics } from './topics-service.js';

export interface NodeSettings {
  /** Which of the nodes, from 0. */
  readonly index: number;
  readonly count: number;
  /** How often it was started before. */
  readonly incarnation: number;
  /** Index of the node by slot of coordinators. */
  readonly slots: readonly number[];
  readonly dataDirectory: string;
  readonly host: string;
  readonly port: number;
  readonly config: Readonly<Record<string, string>>;
}

/** What the process that runs the nodes says to one of them. */
export type ToNode =
  | { readonly kind: 'start'; readonly settings: NodeSettings }
  | { readonly kind: 'stop' }
  | { readonly kind: 'metrics-wanted' }
  | { readonly kind: 'peer'; readonly message: PeerMessage };

/** What a node says to the process that runs it. */
export type FromNode =
  | { readonly kind: 'ready'; readonly ready: NodeReady }
  | { readonly kind: 'failed'; readonly code: string | null; readonly message: string }
  | { readonly kind: 'stopped'; readonly metrics: TopicsMetrics }
  | { readonly kind: 'metrics'; readonly metrics: TopicsMetrics }
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'peer'; readonly message: PeerMessage };
