import { defineOptions, requireOptions, type OptionSpecs } from '#config/options';
import type { ChannelSink, ComponentType } from '#pipeline/collector';
import type { SinkType } from '#pipeline/sink';
import { SinkAsChannelSink } from '#pipeline/sink-as-channel-sink';
import { postgresSinkType } from '../../sinks/postgres/sink-type.js';

const ownOptions = defineOptions({
  batchSize: { type: 'int', default: 1000, min: 1, unit: 'events', doc: 'Events written at once, at most.' },
  'errors.drop': {
    type: 'boolean',
    default: false,
    doc: 'Leaves out events that the store refuses for good, counted (EventsRejected) and logged. Else they hold up the sink.',
  },
  'errors.deadletterqueue.topic.name': {
    type: 'string',
    doc: 'With a topic as channel: where such events go.',
  },
});

/** A sink of the sink workers as a sink of a flume.conf; over a topic it runs just as a sink worker runs it. */
export function workerSink(type: SinkType): ComponentType<ChannelSink> {
  const options: OptionSpecs = { ...type.options, ...ownOptions };
  const typeOptions = (all: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(all).filter(([name]) => !(name in ownOptions)));
  return {
    name: type.name,
    classNames: [],
    doc: `${type.doc} The sink workers' sink; at least once, and with a topic as channel ${type.guarantee({})}.`,
    options,
    batchSizeOption: 'batchSize',
    check: (all) =>
      (type.check?.(typeOptions(all)) ?? []).map(({ name, message }) => ({
        severity: 'error',
        option: name,
        message,
      })),
    create(input) {
      const own = requireOptions(`sink ${input.name}`, ownOptions, input.options);
      return new SinkAsChannelSink(() => type.create(typeOptions(input.options)), {
        batchSize: own.batchSize,
        topic: input.name,
        drop: own['errors.drop'],
      });
    },
    createTask(input) {
      const own = requireOptions(`sink ${input.name}`, ownOptions, input.options);
      return {
        sink: type.create(typeOptions(input.options)),
        deadLetterTopic: own['errors.deadletterqueue.topic.name'],
      };
    },
  };
}

export const postgresSink = workerSink(postgresSinkType);
