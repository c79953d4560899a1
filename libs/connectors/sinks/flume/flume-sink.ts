import { FatalSinkError, RetriableSinkError } from '#pipeline/errors';
import { SinkGroup } from '#pipeline/agent-sink-group';
import type { ChannelSink, ComponentContext } from '#pipeline/collector';
import type { EventBatch } from '#pipeline/event-batch';
import type { SinkProcessorPlan } from '#pipeline/flume-plan';
import type { Sink, SinkContext, StoredOffset, TopicPartition } from '#pipeline/sink';
import type { SinkBatch } from '#pipeline/sink-batch';
import { assert } from '#std/assert';
import { messageOf } from '#std/errors';
import { checkEventBytes, partsOf } from '../../flume-sinks/rpc/event-bytes.js';
import { RpcSink, type RpcSinkOptions } from '../../flume-sinks/rpc/rpc-sink.js';
import { boundedEach } from '../file/bounded-each.js';
import { eventsOf, type EventHeaders } from './record-events.js';

export interface FlumeSinkSettings {
  /** One for each agent, the preferred one first. */
  readonly receivers: readonly RpcSinkOptions[];
  /** Among several. */
  readonly processorOf: (names: readonly string[]) => SinkProcessorPlan;
  readonly headers: EventHeaders;
  readonly eventBytesMax: number;
}

interface Receiver {
  readonly name: string;
  readonly sink: RpcSink;
  readonly context: ComponentContext;
}

/**
 * Records as events to Flume agents. At least once: a batch counts when an agent has answered OK, and goes again where the answer was
 * lost. With one call under way (the default) and one agent at a time the order of a partition is kept.
 */
export class FlumeSink implements Sink {
  private receivers: readonly Receiver[] = [];
  private output: Pick<ChannelSink, 'write'> | null = null;
  private readonly written = new Map<string, StoredOffset>();

  constructor(private readonly settings: FlumeSinkSettings) {}

  async start({ name, clock, logger, stateDirectory }: SinkContext): Promise<void> {
    const context: ComponentContext = {
      ...{ name, clock, logger, stateDirectory },
      count: () => undefined,
      reportError: () => undefined,
    };
    const receivers = this.settings.receivers.map((options) => {
      const sink = new RpcSink(options);
      return { name: `${options.host}:${options.port}`, sink, context };
    });
    try {
      for (const { sink } of receivers) await sink.start(context);
    } catch (error) {
      throw new FatalSinkError(`Flume agents can not be reached with these settings: ${messageOf(error)}`, {
        cause: error,
      });
    }
    this.receivers = receivers;
    const [only] = receivers;
    this.output =
      receivers.length === 1 && only !== undefined
        ? only.sink
        : new SinkGroup(
            this.settings.processorOf(receivers.map((receiver) => receiver.name)),
            receivers.map((receiver) => ({ ...receiver, isRunning: () => true })),
            clock,
          );
  }

  open(): Promise<readonly StoredOffset[]> {
    return Promise.resolve([]);
  }

  async put(batch: SinkBatch): Promise<void> {
    const { eventBytesMax, headers } = this.settings;
    const events = eventsOf(batch, headers);
    checkEventBytes(events, eventBytesMax);
    const parts = partsOf(events, { count: this.first.batchSize, bytes: eventBytesMax });
    try {
      await boundedEach(parts, this.first.requestsInFlightMax, (part) => this.write(part));
    } catch (error) {
      throw new RetriableSinkError(
        `${batch.count} records of ${batch.topic}-${batch.partition} were not taken by a Flume agent: ${messageOf(error)}`,
        { cause: error },
      );
    }
    const { topic, partition } = batch;
    this.written.set(`${topic}-${partition}`, { topic, partition, offset: batch.offset(batch.count - 1) + 1 });
  }

  flush(): Promise<readonly StoredOffset[]> {
    return Promise.resolve([...this.written.values()]);
  }

  close(partitions: readonly TopicPartition[]): Promise<void> {
    for (const { topic, partition } of partitions) this.written.delete(`${topic}-${partition}`);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.output = null;
    for (const { sink } of this.receivers) await sink.stop();
  }

  private get first(): RpcSinkOptions {
    const [first] = this.settings.receivers;
    assert(first !== undefined, 'a sink to Flume has an agent');
    return first;
  }

  private write(part: EventBatch): Promise<void> {
    assert(this.output !== null, 'a sink is started before it is used');
    return this.output.write(part);
  }
}
