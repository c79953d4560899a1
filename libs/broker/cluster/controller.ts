/**
 * What the nodes of one machine have in common: topics and cluster records. It alone writes them to the catalog, one change after
 * another, and has every node that runs follow a change before whoever asked for it is answered. A node that starts gets the state as it
 * is, and from there on every change. It also carries the messages between nodes.
 */
import type { ClusterChange, ClusterRecord, Topic, TopicCatalog, TopicChange } from '#log/engine';
import { LocalTopics } from '#log/local-topics';
import { Turns } from '#log/turns';
import type { Clock } from '#std/clock';
import { messageOf, MillraceError } from '#std/errors';
import type { Logger } from '#std/log';
import type { Random } from '#std/random';
import { brokerErrors } from '../errors.js';
import { slotCount } from './nodes.js';
import { controllerIndex, type PeerMessage } from './peer-calls.js';
import { nodeAway, Peers } from './peers.js';

export interface ControllerOptions {
  readonly catalog: TopicCatalog;
  /** How many nodes are to run. */
  readonly nodeCount: number;
  /** Whether the first node has no data yet, so that coordinators may be anywhere. */
  readonly isFresh: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** The record that says which node coordinates what: a JSON list, index of the node by slot. */
const slotsRecord = { kind: 'nodes', key: 'coordinator-slots' };
/** A node that takes longer to follow is no longer waited for; what it is told, it is told in order all the same. */
const followMsMax = 15_000;

export class Controller {
  private readonly links = new Map<number, (message: PeerMessage) => void>();
  /** Nodes that have got the state, and are told of changes. */
  private readonly topicFollowers = new Set<number>();
  private readonly recordFollowers = new Set<number>();
  private readonly peers: Peers;
  private readonly topics: LocalTopics;
  private readonly recordTurns = new Turns();
  private readonly records = new Map<string, ClusterRecord>();
  private slots: readonly number[] = [];

  constructor(private readonly options: ControllerOptions) {
    const { catalog, random, nodeCount } = options;
    this.peers = new Peers(controllerIndex, (message) => this.carry(message));
    const told: TopicCatalog = {
      clusterId: () => catalog.clusterId(),
      load: () => catalog.load(),
      loadRecords: () => catalog.loadRecords(),
      putRecords: (changes) => catalog.putRecords(changes),
      insert: (topic) => catalog.insert(topic).then(() => this.tell({ kind: 'added', topic })),
      update: (topic) => catalog.update(topic).then(() => this.tell({ kind: 'changed', topic })),
      remove: (topicId) => this.remove(topicId),
    };
    // Here are no partitions, so there is nothing to do on a change but to tell it.
    const changes = { added: () => undefined, changed: () => undefined, removed: () => Promise.resolve() };
    this.topics = new LocalTopics(told, random, changes, (topics, count) => fewestLed(topics, count, nodeCount));
    this.serve();
  }

  /** Which node coordinates what; for `Nodes`. */
  get coordinatorSlots(): readonly number[] {
    return this.slots;
  }

  /** Throws `broker.nodes.too_few` where there are data of nodes that are not to run. */
  async open(): Promise<void> {
    const { catalog, nodeCount, isFresh } = this.options;
    await this.topics.open();
    this.keep(await catalog.loadRecords());
    this.slots = slotsIn([...this.records.values()]);
    if (this.slots.length === 0) {
      this.slots = Array.from({ length: slotCount }, (_, slot) => (isFresh ? slot % nodeCount : 0));
      const change = { ...slotsRecord, value: JSON.stringify(this.slots) };
      await catalog.putRecords([change]);
      this.keep([change]);
    }
    requireNodes(nodeCount, nodesIn(this.topics.list(), this.slots));
  }

  /** A node is there: `send` reaches it, and what it says is given to `take`. */
  attach(node: number, send: (message: PeerMessage) => void): void {
    this.links.set(node, send);
  }

  /** The node is gone, and its calls with it; who waits for it is told so. */
  detach(node: number): void {
    this.links.delete(node);
    this.topicFollowers.delete(node);
    this.recordFollowers.delete(node);
    this.peers.lost(node);
    for (const send of this.links.values()) send({ kind: 'lost', node });
  }

  take(message: PeerMessage): void {
    if (message.kind === 'lost') return;
    if (message.to === controllerIndex) this.peers.take(message);
    else this.carry(message);
  }

  /** Resolves when no change is under way. */
  async idle(): Promise<void> {
    await this.topics.idle();
    await this.recordTurns.idle();
  }

  private carry(message: PeerMessage): void {
    if (message.kind === 'lost') return;
    const link = this.links.get(message.to);
    if (link !== undefined) {
      link(message);
      return;
    }
    if (message.kind !== 'call') return;
    const { id, from, to } = message;
    const error = nodeAway(to);
    const failure: PeerMessage = { kind: 'failure', id, from: to, to: from, error: error.kind, message: error.message };
    if (from === controllerIndex) this.peers.take(failure);
    else this.links.get(from)?.(failure);
  }

  private serve(): void {
    const { peers, topics } = this;
    peers.serve('clusterId', () => Promise.resolve(topics.clusterId));
    peers.serve('loadTopics', (_, node) =>
      topics.between(() => {
        this.topicFollowers.add(node);
        return Promise.resolve(topics.list());
      }),
    );
    peers.serve('loadRecords', (_, node) =>
      // From memory: a node can start while the database is away.
      this.recordTurns.run(() => {
        this.recordFollowers.add(node);
        return Promise.resolve([...this.records.values()]);
      }),
    );
    peers.serve('putRecords', (changes) => this.recordTurns.run(() => this.putRecords(changes)));
    peers.serve('createTopic', (spec) => topics.create(spec));
    peers.serve('deleteTopic', (name) => topics.delete(name).then(() => null));
    peers.serve('addPartitions', ({ name, total, leaders }) => topics.addPartitions(name, total, leaders));
    peers.serve('alterConfigs', ({ name, configs }) => topics.alterConfigs(name, configs));
  }

  private async putRecords(changes: readonly ClusterChange[]): Promise<null> {
    await this.options.catalog.putRecords(changes);
    this.keep(changes);
    await this.followed(this.recordFollowers, (node) => this.peers.call(node, 'followRecords', changes));
    return null;
  }

  private keep(changes: readonly ClusterChange[]): void {
    for (const { kind, key, value } of changes) {
      const id = JSON.stringify([kind, key]);
      if (value === null) this.records.delete(id);
      else this.records.set(id, { kind, key, value });
    }
  }

  private async remove(topicId: string): Promise<void> {
    const topic = this.topics.byId(topicId);
    await this.options.catalog.remove(topicId);
    if (topic !== null) await this.tell({ kind: 'removed', topic });
  }

  private tell(change: TopicChange): Promise<void> {
    return this.followed(this.topicFollowers, (node) => this.peers.call(node, 'follow', change));
  }

  /** The change is durable: a node that cannot follow now gets the state when it starts again. */
  private async followed(nodes: ReadonlySet<number>, tell: (node: number) => Promise<null>): Promise<void> {
    const { clock, logger } = this.options;
    const patience = new AbortController();
    const all = [...nodes].map((node) =>
      tell(node).catch((error: unknown) => {
        if (error instanceof MillraceError && error.code === brokerErrors.nodeAway.code) return;
        logger.error('A node does not follow a change.', { node, error: messageOf(error) });
      }),
    );
    const tooLong = clock.sleep(followMsMax, patience.signal).catch(() => undefined);
    await Promise.race([Promise.all(all), tooLong]);
    patience.abort();
  }
}

/**
 * How many nodes have data, at least 1. For who runs a single node, which has no controller, too: what others lead or coordinate would
 * be missing.
 */
export async function nodesWithData(catalog: Pick<TopicCatalog, 'load' | 'loadRecords'>): Promise<number> {
  return nodesIn(await catalog.load(), slotsIn(await catalog.loadRecords()));
}

/** Throws `broker.nodes.too_few`. */
export function requireNodes(nodeCount: number, withData: number): void {
  if (nodeCount >= withData) return;
  throw new MillraceError(
    brokerErrors.nodesTooFew,
    `There are data of ${withData} nodes, and node.count is ${nodeCount}: the rest could not be read. Set node.count to ${withData} or more.`,
  );
}

function nodesIn(topics: readonly Topic[], slots: readonly number[]): number {
  let last = 0;
  for (const slot of slots) last = Math.max(last, slot);
  for (const { leaders } of topics) for (const leader of leaders ?? []) last = Math.max(last, leader);
  return last + 1;
}

function slotsIn(records: readonly { kind: string; key: string; value: string }[]): readonly number[] {
  const record = records.find(({ kind, key }) => kind === slotsRecord.kind && key === slotsRecord.key);
  const decoded: unknown = record === undefined ? [] : JSON.parse(record.value);
  return Array.isArray(decoded) ? decoded.map(Number) : [];
}

/** Leaders for `count` more partitions: each time a node that leads the fewest. */
function fewestLed(topics: readonly Topic[], count: number, nodeCount: number): readonly number[] {
  const led = Array.from({ length: nodeCount }, () => 0);
  for (const { partitions, leaders } of topics) {
    for (let partition = 0; partition < partitions; partition += 1) {
      const leader = leaders?.[partition] ?? 0;
      led[leader] = (led[leader] ?? 0) + 1;
    }
  }
  return Array.from({ length: count }, () => {
    const next = led.indexOf(Math.min(...led));
    led[next] = (led[next] ?? 0) + 1;
    return next;
  });
}
