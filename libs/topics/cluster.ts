import { Backoff } from '#std/backoff';
import type { Clock } from '#std/clock';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import { systemRandom, type Random } from '#std/random';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { Api, Decoded, Fields, Input } from '#wire/kafka/schema';
import { noSecurity, type ClientSecurity } from '#topics/client-security';
import { Connection, type SendOptions } from '#topics/connection';
import { answerError, TopicsError, topicsErrors } from '#topics/errors';
import { MetadataCache, type ClusterNode, type TopicMetadata } from '#topics/metadata';

export interface ClusterOptions {
  /** Addresses to begin with: `127.0.0.1:9092`. */
  readonly bootstrap: readonly string[];
  readonly clientId: string;
  /** Default: neither TLS nor login. */
  readonly security?: ClientSecurity;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default: the system's. */
  readonly random?: Random;
  /** An answer that takes longer closes the connection, ms. Default 30000. */
  readonly requestTimeoutMs?: number;
  /** Default 10000. */
  readonly connectTimeoutMs?: number;
  /** Metadata older than this is asked for again, ms. Default 300000. */
  readonly metadataAgeMsMax?: number;
}

/** Whom a request goes to: any node, one by its id, or the node that coordinates a group or a transactional id. */
export type Target =
  | 'any'
  | 'controller'
  | { readonly node: number }
  | { readonly group: string }
  | { readonly transaction: string };

export interface RequestOptions extends SendOptions {
  /**
   * Requests of one lane share a connection, and answers come in the order of requests: what is held open by the node
   * (fetches, joins) has a lane of its own. Default `main`.
   */
  readonly lane?: string;
}

/** The connection of one lane to one address, kept or tried for again with backoff. */
interface Slot {
  connection: Connection | null;
  opening: Promise<Connection> | null;
  readonly backoff: Backoff;
  notBeforeMs: number;
}

type CoordinatorKind = 'group' | 'transaction';
/** As FindCoordinator numbers them. */
const coordinatorTypes = { group: 0, transaction: 1 } as const;

const reconnect = { initialMs: 50, maxMs: 2000 };

/**
 * A Kafka-speaking cluster by address: connections, versions, metadata, coordinators. One is enough for any number of
 * writers, readers and admins of a process. Connects on first use.
 */
export class Cluster {
  readonly metadata = new MetadataCache();
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: Random;
  private readonly slots = new Map<string, Slot>();
  private readonly coordinators = new Map<string, number>();
  private readonly closing = new AbortController();

  constructor(readonly options: ClusterOptions) {
    this.clock = options.clock;
    this.logger = options.logger;
    this.random = options.random ?? systemRandom;
  }

  /** Closes all connections; what is under way is rejected with `topics.client.closed`. */
  close(): Promise<void> {
    this.closing.abort(this.closedError());
    for (const slot of this.slots.values()) slot.connection?.close(this.closedError());
    this.slots.clear();
    return Promise.resolve();
  }

  /** Sends one request and gives its answer. Does not try again: see `attempt`. */
  async request<Request extends Fields, Response extends Fields>(
    target: Target,
    api: Api<Request, Response>,
    body: Input<Request>,
    options: RequestOptions = {},
  ): Promise<Decoded<Response>> {
    const connection = await this.connect(target, options.lane);
    return connection.send(api, body, options);
  }

  /** An open connection to the target. Rejects with a retriable TopicsError while there is none to be had. */
  async connect(target: Target, lane = 'main'): Promise<Connection> {
    if (target === 'any') return this.connectAny(lane);
    if (target === 'controller') {
      if (this.metadata.node(this.metadata.controllerId) === null) await this.refresh([]);
      const controller = this.metadata.node(this.metadata.controllerId);
      return controller === null ? this.connectAny(lane) : this.connectTo(controller, lane);
    }
    const nodeId = await this.nodeOf(target);
    let node = this.metadata.node(nodeId);
    if (node === null) {
      await this.refresh([]);
      node = this.metadata.node(nodeId);
    }
    if (node === null) {
      throw new TopicsError(topicsErrors.unreachable, `Node ${nodeId} is not part of the cluster now.`);
    }
    return this.connectTo(node, lane);
  }

  /**
   * Runs `operation` until it succeeds, fails with an error that is not retriable, or `timeoutMs` is over; waits with
   * backoff between. For requests that may be sent twice.
   */
  async attempt<T>(timeoutMs: number, operation: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const backoff = new Backoff({ initialMs: 50, maxMs: 1000 }, this.random);
    const endMs = this.clock.monotonic() + timeoutMs;
    for (;;) {
      try {
        return await operation();
      } catch (error) {
        const delayMs = backoff.nextMs();
        const mayRetry = error instanceof TopicsError && error.retriable && !this.closing.signal.aborted;
        if (!mayRetry || signal?.aborted === true || this.clock.monotonic() + delayMs > endMs) throw error;
        await this.clock.sleep(delayMs, signal ?? this.closing.signal);
      }
    }
  }

  /** Metadata of one topic, from memory where it is fresh. Rejects with `topics.topic.unknown`, retriable. */
  async topic(name: string, options: { readonly create?: boolean } = {}): Promise<TopicMetadata> {
    const ageMsMax = this.options.metadataAgeMsMax ?? 300_000;
    const known = this.metadata.topic(name);
    if (known !== null && this.metadata.ageMs(name, this.clock.monotonic()) < ageMsMax) return known;
    const { topics, errors } = await this.refresh([name], options);
    const topic = topics.find((candidate) => candidate.name === name);
    if (topic !== undefined && topic.partitions.length > 0) return topic;
    const code = errors.get(name) ?? kafkaError.UNKNOWN_TOPIC_OR_PARTITION;
    if (code === kafkaError.UNKNOWN_TOPIC_OR_PARTITION || code === kafkaError.LEADER_NOT_AVAILABLE) {
      throw new TopicsError(
        topicsErrors.unknownTopic,
        `There is no topic ${name} at ${this.options.bootstrap.join(', ')}. Create it, or allow its creation on first use.`,
        { kafkaCode: code },
      );
    }
    throw answerError(code, `Asking for topic ${name}`);
  }

  /** Asks anew; null means all topics, an empty list only the nodes. */
  async refresh(names: readonly string[] | null, options: { readonly create?: boolean } = {}) {
    const answer = await this.request('any', apis.metadata, {
      topics: names === null ? null : names.map((name) => ({ name })),
      allowAutoTopicCreation: options.create ?? false,
    });
    return this.metadata.absorb(answer, this.clock.monotonic());
  }

  /** The next request for the group, or for the transactional id, asks anew who coordinates it. */
  forgetCoordinator(id: string, kind: CoordinatorKind = 'group'): void {
    this.coordinators.delete(`${kind} ${id}`);
  }

  /** Closes the connections of a lane that nobody will use again. */
  closeLane(lane: string): void {
    for (const [key, slot] of this.slots) {
      if (!key.endsWith(`/${lane}`)) continue;
      slot.connection?.close(this.closedError());
      this.slots.delete(key);
    }
  }

  private nodeOf(target: Exclude<Target, string>): number | Promise<number> {
    if ('node' in target) return target.node;
    return 'group' in target ? this.coordinatorOf(target.group) : this.coordinatorOf(target.transaction, 'transaction');
  }

  /** Node id of the coordinator of a group, or of a transactional id, from memory where it is known. */
  async coordinatorOf(id: string, kind: CoordinatorKind = 'group'): Promise<number> {
    const known = this.coordinators.get(`${kind} ${id}`);
    if (known !== undefined && this.metadata.node(known) !== null) return known;
    const answer = await this.request('any', apis.findCoordinator, {
      key: id,
      keyType: coordinatorTypes[kind],
      coordinatorKeys: [id],
    });
    const found = answer.coordinators[0] ?? answer;
    if (found.errorCode !== kafkaError.NONE) throw answerError(found.errorCode, `Looking for the coordinator of ${id}`);
    this.coordinators.set(`${kind} ${id}`, found.nodeId);
    return found.nodeId;
  }

  private async connectAny(lane: string): Promise<Connection> {
    const open = this.metadata.nodes.find((node) => this.slots.get(slotKey(node, lane))?.connection?.isOpen === true);
    if (open !== undefined) return this.connectTo(open, lane);
    const reasons: unknown[] = [];
    for (const address of [...this.metadata.nodes, ...this.options.bootstrap.map(parseAddress)]) {
      try {
        return await this.connectTo(address, lane);
      } catch (error) {
        if (this.closing.signal.aborted || isSecurityError(error)) throw error;
        reasons.push(error);
      }
    }
    if (reasons.length === 1) throw reasons[0];
    throw new TopicsError(
      topicsErrors.unreachable,
      `No node of ${this.options.bootstrap.join(', ')} can be reached: ${reasons.map(messageOf).join(' ')}`,
      { cause: reasons[0] },
    );
  }

  private connectTo(address: Pick<ClusterNode, 'host' | 'port'>, lane: string): Promise<Connection> {
    if (this.closing.signal.aborted) return Promise.reject(this.closedError());
    const key = slotKey(address, lane);
    let slot = this.slots.get(key);
    if (slot === undefined) {
      slot = { connection: null, opening: null, backoff: new Backoff(reconnect, this.random), notBeforeMs: 0 };
      this.slots.set(key, slot);
    }
    if (slot.connection?.isOpen === true) return Promise.resolve(slot.connection);
    slot.opening ??= this.open(key, slot, address);
    return slot.opening;
  }

  private async open(key: string, slot: Slot, address: Pick<ClusterNode, 'host' | 'port'>): Promise<Connection> {
    const { clientId, security = noSecurity, clock, connectTimeoutMs, requestTimeoutMs } = this.options;
    try {
      const waitMs = slot.notBeforeMs - clock.monotonic();
      if (waitMs > 0) await clock.sleep(waitMs, this.closing.signal);
      const connection = await Connection.open({
        host: address.host,
        port: address.port,
        clientId,
        security,
        clock,
        connectTimeoutMs: connectTimeoutMs ?? 10_000,
        requestTimeoutMs: requestTimeoutMs ?? 30_000,
      });
      if (this.closing.signal.aborted || this.slots.get(key) !== slot) connection.close(this.closedError());
      slot.connection = connection;
      slot.backoff.reset();
      return connection;
    } catch (error) {
      slot.notBeforeMs = clock.monotonic() + slot.backoff.nextMs();
      throw error;
    } finally {
      slot.opening = null;
    }
  }

  private closedError(): TopicsError {
    return new TopicsError(topicsErrors.closed, 'The client of the topics was closed.');
  }
}

function slotKey(address: Pick<ClusterNode, 'host' | 'port'>, lane: string): string {
  return `${address.host}:${address.port}/${lane}`;
}

/** What no other node would change, and only another setting cures. */
function isSecurityError(error: unknown): boolean {
  return (
    error instanceof TopicsError && (error.kind === topicsErrors.loginFailed || error.kind === topicsErrors.tlsFailed)
  );
}

/** `host:port`; the port may be left out. */
function parseAddress(text: string): { host: string; port: number } {
  const match = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(text.trim());
  const host = match?.[1] ?? match?.[2];
  if (host === undefined) {
    throw new TopicsError(topicsErrors.refused, `"${text}" is not an address of topics; write host:port.`);
  }
  return { host, port: Number(match?.[3] ?? 9092) };
}

/** `host:port, host:port` as people write it. */
export function parseBootstrap(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((item) => item !== '');
}
