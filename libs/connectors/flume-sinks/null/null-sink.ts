import { defineOptions, requireOptions } from '#config/options';
import { channelSinkAsTask } from '#pipeline/channel-sink-task';
import type { ChannelSink, ComponentInput, ComponentType } from '#pipeline/collector';

const options = defineOptions({
  batchSize: { type: 'int', default: 100, min: 1, unit: 'events', doc: 'Events taken at once, at most.' },
  logEveryNEvents: {
    type: 'int',
    default: 10_000,
    min: 1,
    unit: 'events',
    doc: 'Logs how many were discarded each time so many more were.',
  },
});

export const nullSink: ComponentType<ChannelSink> = {
  name: 'null',
  classNames: ['org.apache.flume.sink.NullSink'],
  doc: 'Discards events. For tests and measurements.',
  options,
  batchSizeOption: 'batchSize',
  create,
  createTask: (input, context) => ({ sink: channelSinkAsTask(create(input), context), deadLetterTopic: null }),
};

function create(input: ComponentInput): ChannelSink {
  const { batchSize, logEveryNEvents } = requireOptions(`sink ${input.name}`, options, input.options);
  let discarded = 0;
  return {
    batchSize,
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    write(batch) {
      const before = discarded;
      discarded += batch.count;
      if (Math.floor(before / logEveryNEvents) < Math.floor(discarded / logEveryNEvents)) {
        input.services.logger.info('The null sink has discarded events.', { sink: input.name, events: discarded });
      }
      return Promise.resolve();
    },
  };
}
