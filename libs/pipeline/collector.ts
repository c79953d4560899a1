/** What a flume.conf is made of. A kind of component is one folder in `libs/connectors` and one line in its registry. */
import type { OptionSpecs } from '#config/options';
import type { DeadLetterQueue } from '#pipeline/dead-letter';
import type { EventBatch } from '#pipeline/event-batch';
import type { Sink } from '#pipeline/sink';
import type { SinkPreparation } from '#pipeline/sink-preparation';
import type { SinkReader } from '#pipeline/sink-reader';
import type { Routes } from '#pipeline/selector';
import type { PipelineTracer } from '#pipeline/tracer';
import type { Clock } from '#std/clock';
import type { Logger } from '#std/log';
import type { ClientSecurity } from '#topics/client-security';
import type { TopicWriterOptions, WriteColumns } from '#topics/topic-writer';

/** Takes events in. Delivers batches to its context, which answers when every required channel has committed them. */
export interface Source {
  /** Is called again every 3 s after it has rejected, and then must find nothing left of the last try. */
  start(context: SourceContext): Promise<void>;
  /** Stops reading, waits for deliveries under way, writes positions. */
  stop(): Promise<void>;
}

export interface SourceContext extends ComponentContext {
  /**
   * Runs interceptors, selector and channels. Resolves when all required channels have committed; rejects with a
   * `ChannelError` (full, closed, away) and then nothing may be taken as delivered. Several deliveries may be under way;
   * they reach a channel in the order of the calls. To try again, give the same batch object: channels that committed it the
   * first time are then left out, so that a full channel makes no duplicates in the others.
   *
   * Counts EventReceivedCount, EventAcceptedCount, AppendBatchReceivedCount, AppendBatchAcceptedCount, ChannelWriteFail
   * and GenericProcessingFail (an interceptor threw) for the source; the source counts the rest.
   *
   * `moved` are positions that hold once the batch is committed, by keys of the source's own; they are committed with it where
   * `positions` is not null, and ignored elsewhere. The batch may be empty.
   */
  deliver(batch: EventBatch, moved?: PositionChanges): Promise<void>;
  /** Null where the channels keep no positions: the source keeps its own, and delivers at least once. */
  readonly positions: SourcePositions | null;
}

/** A position by key; null forgets it. Keys and positions are short texts: a file's identity, a place in it. */
export type PositionChanges = ReadonlyMap<string, string | null>;

/**
 * Where a source that can be rewound has got to, kept by its channels in the same transaction as its events (KIP-618 does so for
 * Kafka Connect): what was delivered and where to go on never disagree.
 */
export interface SourcePositions {
  /** As of the last committed transaction. From this call on no earlier owner of the source can commit any more. */
  load(): Promise<ReadonlyMap<string, string>>;
}

export interface ComponentContext {
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A folder of this component's own, made on demand, kept over restarts. */
  readonly stateDirectory: string;
  /** Adds to a counter of this component, by Flume's counter names (EventDrainSuccessCount …). */
  count(counter: string, by: number): void;
  /** Shows an error of a running component in its status; null clears it. Does not stop the component. */
  reportError(error: unknown): void;
}

/** Changes or drops events. */
export interface Interceptor {
  /** Before its source starts; again every 3 s after it has rejected. For files to be read, and tables. */
  start?(context: ComponentContext): Promise<void>;
  /** After its source has stopped. */
  stop?(): Promise<void>;
  /**
   * Gives another batch and leaves this one as it is. A promise only where it has to wait (a rate limit); batches behind it then wait
   * too, so that their order is kept. What it throws fails the delivery.
   */
  intercept(batch: EventBatch): EventBatch | Promise<EventBatch>;
  /** What came of a batch that `intercept` was given is committed in every required channel. A batch that is not may come again. */
  committed?(batch: EventBatch): void;
}

/** A channel selector of one's own. */
export interface ChannelSelector {
  /**
   * Says which of `channels`, the source's in the order in which they are listed, get which events; called for each batch, after the
   * interceptors. What it throws fails the delivery, and so does a route to another channel.
   */
  route(batch: EventBatch, channels: readonly string[]): Routes;
}

/** Gives what `${filter['key']}` stands for: a secret that is not written in the file. */
export interface ConfigFilter {
  /** Null where it has no such key. Rejects with a sentence where it cannot be asked. */
  lookUp(key: string): Promise<string | null>;
}

/** Holds events between sources and sinks. One put is one transaction, and so is one take. */
export interface Channel {
  start(context: ComponentContext): Promise<void>;
  stop(): Promise<void>;
  /** Resolves when committed, as durable as this channel is. Rejects with a ChannelError when there is no room in time. */
  put(batch: EventBatch): Promise<void>;
  /**
   * Up to `maxEvents`, waiting at most `waitMs` (or until `signal` aborts) for the first; null when there was nothing. Several
   * takes may be under way and are committed or rolled back in any order.
   */
  take(maxEvents: number, waitMs: number, signal?: AbortSignal): Promise<ChannelTake | null>;
  /** Events held; null where the channel does not know (a topic). */
  size(): number | null;
  readonly capacity: number | null;
  /** True where events are lost with the process: the agent then drains the channel before it stops its sinks. */
  readonly volatile?: boolean;
  /** Of a topic: reads it as a member of the channel's group, for a sink that runs as a sink task. Absent or null: sinks only take. */
  readonly openTopic?: ((deadLetterTopic: string | null) => ChannelTopic) | null;
  /** Of a topic: how its puts can be part of a transaction with others and with positions. */
  readonly transactional?: TransactionalPuts | null;
}

export interface ChannelTopic {
  readonly reader: SinkReader;
  readonly deadLetters: DeadLetterQueue | null;
  /** What makes events of the records. Absent: they are events as they lie there. */
  readonly preparation?: SinkPreparation;
  /** After the task has stopped. */
  close(): Promise<void>;
}

/** A sink that runs as a sink task, and where what it refuses goes. */
export interface SinkTaskPlan {
  readonly sink: Sink;
  readonly deadLetterTopic: string | null;
}

export interface TransactionalPuts {
  /** Addresses of the topics, as written; channels share a transaction where they are the same. */
  readonly bootstrap: string;
  readonly security: ClientSecurity;
  readonly writer: TopicWriterOptions;
  /** What a put of this batch writes. Throws where an event will not do (a header that names no partition). */
  putOf(batch: EventBatch): TopicPut;
}

export interface TopicPut {
  readonly topic: string;
  readonly columns: WriteColumns;
}

export interface ChannelTake {
  readonly batch: EventBatch;
  /** The events are gone from the channel, durably where the channel is durable. */
  commit(): Promise<void>;
  /** The events are at the head again, in order. */
  rollback(): Promise<void>;
}

/** A sink inside a flume.conf: gets what it drains. The runner takes, calls, and commits or rolls back. */
export interface ChannelSink {
  start(context: ComponentContext): Promise<void>;
  stop(): Promise<void>;
  /** How many events it wants at most in one batch. */
  readonly batchSize: number;
  /** Writes that may be under way at once, begun in order; 1 when absent. */
  readonly writesInFlightMax?: number;
  /** Resolves when the destination has the events, durably. */
  write(batch: EventBatch): Promise<void>;
}

/** Registration of a component: what the registry holds, the reference page shows and the parser checks against. */
export interface ComponentType<T> {
  /** Flume's alias: `taildir`. */
  readonly name: string;
  /** Java class names under which Flume's users know it. */
  readonly classNames: readonly string[];
  readonly doc: string;
  readonly options: OptionSpecs;
  /** Of a channel: its puts can share a transaction with the positions of their source. */
  readonly joinsTransactions?: boolean;
  /** Option that says how many events are moved at once; held against the channel's `transactionCapacity`. */
  readonly batchSizeOption?: string;
  /** What only several options together can get wrong. `options` has no other problem. */
  check?(options: Readonly<Record<string, string>>): readonly ComponentRemark[];
  /**
   * Of a sink whose channel is a topic: the same destination as a sink task, with its guarantees; null where these options cannot be had
   * there, and then the sink takes from the channel like others. `context` is absent where only that is asked.
   */
  createTask?(input: ComponentInput, context?: ComponentContext): SinkTaskPlan | null;
  /** With `createTask`: what its users will find different from a sink that takes, as one sentence; null where there is no task. */
  taskRemark?(options: Readonly<Record<string, string>>): string | null;
  /** Of a channel: whether sinks run over it as sink tasks. */
  runsTasks?(options: Readonly<Record<string, string>>): boolean;
  /** `input.options` is the flat map of this component's keys, its prefix cut off, already checked against `options`. */
  create(input: ComponentInput): T;
}

export interface ComponentRemark {
  readonly severity: 'error' | 'warning';
  /** The option that the message is about. */
  readonly option: string;
  readonly message: string;
}

export interface ComponentInput {
  readonly agent: string;
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
  readonly services: AgentServices;
}

/** What an agent's components share: the way to topics above all. */
export interface AgentServices {
  /**
   * Whose positions are kept: agents with the same owner and source stand in for each other, and fence each other. Default: the agent's
   * name alone.
   */
  readonly owner?: string;
  /** Addresses of topics where the component names none: `127.0.0.1:9092`. */
  readonly bootstrap: string;
  /** How those addresses are reached. Default: without TLS and login. */
  readonly security?: ClientSecurity;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The PostgreSQL of the installation, `postgres://…` with its password; null or absent where there is none. */
  readonly databaseUrl?: string | null;
  /** Default: the environment of the process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Follows single events to their stores. Default: none is followed. */
  readonly tracer?: PipelineTracer;
}

/** The kinds of components that there are; `flume.conf` is read against it. */
export interface ComponentRegistry {
  readonly sources: readonly ComponentType<Source>[];
  readonly channels: readonly ComponentType<Channel>[];
  readonly sinks: readonly ComponentType<ChannelSink>[];
  readonly interceptors: readonly ComponentType<Interceptor>[];
  /** Beside replicating, multiplexing and load_balancing, which are always there. */
  readonly selectors: readonly ComponentType<ChannelSelector>[];
  /** Default none. */
  readonly configFilters?: readonly ComponentType<ConfigFilter>[];
  /** Types that Flume has and this release has not, by kind: the error then says so instead of guessing. */
  readonly missing: Readonly<Record<'source' | 'channel' | 'sink' | 'interceptor', readonly string[]>>;
}
