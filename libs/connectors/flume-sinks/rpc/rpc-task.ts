import { defineOptions, type OptionValues } from '#config/options';
import { channelSinkAsTask } from '#pipeline/channel-sink-task';
import type { ChannelSink, ComponentContext, SinkTaskPlan } from '#pipeline/collector';
import { RetriableSinkError } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import { messageOf } from '#std/errors';
import { checkEventBytes, partsOf } from './event-bytes.js';

/** Of sinks to other agents, where their channel is a topic. */
export const rpcTaskOptions = defineOptions({
  'errors.deadletterqueue.topic.name': {
    type: 'string',
    doc: 'With a topic as channel: where events go that are larger than `event.max.bytes`. Absent: everything is tried for ever, as in Flume.',
  },
  'event.max.bytes': {
    type: 'int',
    default: 16_000_000,
    min: 1024,
    unit: 'bytes',
    doc: 'With dead letters: the largest event, body and headers, that the other agent is given. A Thrift source of Flume ends the connection at 16,384,000 bytes.',
  },
});

type RpcTaskValues = OptionValues<typeof rpcTaskOptions>;

/** A sink to another agent as a sink worker runs it: what the agent does not take is tried again, an event too large is a dead letter. */
export function rpcTask(sink: ChannelSink, values: RpcTaskValues, context?: ComponentContext): SinkTaskPlan {
  const deadLetterTopic = values['errors.deadletterqueue.topic.name'];
  const bytesMax = deadLetterTopic === null ? Infinity : values['event.max.bytes'];
  return { sink: channelSinkAsTask(new BoundedSink(sink, bytesMax), context), deadLetterTopic };
}

class BoundedSink implements ChannelSink {
  constructor(
    private readonly sink: ChannelSink,
    private readonly bytesMax: number,
  ) {}

  get batchSize(): number {
    return this.sink.batchSize;
  }

  get writesInFlightMax(): number {
    return this.sink.writesInFlightMax ?? 1;
  }

  start(context: ComponentContext): Promise<void> {
    return this.sink.start(context);
  }

  stop(): Promise<void> {
    return this.sink.stop();
  }

  async write(batch: EventBatch): Promise<void> {
    const { bytesMax } = this;
    if (bytesMax < Infinity) checkEventBytes(batch, bytesMax);
    try {
      for (const part of partsOf(batch, { count: batch.count, bytes: bytesMax })) await this.sink.write(part);
    } catch (error) {
      throw new RetriableSinkError(`The other agent did not take events: ${messageOf(error)}`, { cause: error });
    }
  }
}
