import { defineOptions, requireOptions } from '#config/options';
import { MorphlineRuntimeError } from '#morphlines/errors';
import type { EventMorphline } from '#morphlines/event-morphline';
import { channelSinkAsTask } from '#pipeline/channel-sink-task';
import type { ChannelSink, ComponentContext, ComponentInput, ComponentType } from '#pipeline/collector';
import { PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import { messageOf } from '#std/errors';
import { checkMorphline, morphlineOptions, openMorphline, recordsOf } from '../../morphline/morphline-options.js';

const handlerClass = 'org.apache.flume.sink.solr.morphline.MorphlineHandlerImpl';

const deadLetterKey = 'errors.deadletterqueue.topic.name';

const options = defineOptions({
  ...morphlineOptions,
  batchSize: { type: 'int', default: 1000, min: 1, unit: 'events', doc: 'Events taken at once, at most.' },
  batchDurationMillis: {
    type: 'int',
    default: 1000,
    min: 0,
    unit: 'ms',
    doc: 'Accepted, without effect: a batch is written when its events are there.',
  },
  handlerClass: {
    type: 'string',
    default: handlerClass,
    doc: 'Accepted with its default only.',
    check: (value: string) =>
      value === handlerClass ? null : `can only be ${handlerClass}: there are no Java classes here`,
  },
  [deadLetterKey]: {
    type: 'string',
    doc: 'With a topic as channel: where events go at which a command of the morphline fails. Absent: they are tried for ever, as in Flume.',
  },
});

export const morphlineSink: ComponentType<ChannelSink> = {
  name: 'morphline_solr',
  classNames: [
    'org.apache.flume.sink.solr.morphline.MorphlineSolrSink',
    'org.apache.flume.sink.solr.morphline.MorphlineSink',
  ],
  doc: 'Runs events through a morphline, whose commands do with them what they do; what reaches its end is dropped. There is no `loadSolr`: to fill Solr, use the morphline as an interceptor and the http sink.',
  options,
  batchSizeOption: 'batchSize',
  check: checkMorphline,
  create: (input) => createSink(input, 'as-is'),
  createTask(input, context) {
    const deadLetterTopic = requireOptions(`sink ${input.name}`, options, input.options)[deadLetterKey];
    const failures = deadLetterTopic === null ? 'again' : 'poison';
    return { sink: channelSinkAsTask(createSink(input, failures), context), deadLetterTopic };
  },
};

/** What an event at which the morphline fails means: an error as it is, one that is tried again, or a bad record. */
type Failures = 'as-is' | 'again' | 'poison';

function createSink(input: ComponentInput, failures: Failures): MorphlineSink {
  const values = requireOptions(`sink ${input.name}`, options, input.options);
  return new MorphlineSink(values.batchSize, (context) => openMorphline(values, context), failures);
}

/** A batch is one transaction of the morphline. */
class MorphlineSink implements ChannelSink {
  private morphline: EventMorphline | null = null;

  constructor(
    readonly batchSize: number,
    private readonly open: (context: ComponentContext) => EventMorphline,
    private readonly failures: Failures,
  ) {}

  async start(context: ComponentContext): Promise<void> {
    const morphline = this.open(context);
    await morphline.start();
    this.morphline = morphline;
  }

  stop(): Promise<void> {
    this.morphline?.notify('SHUTDOWN');
    this.morphline = null;
    return Promise.resolve();
  }

  write(batch: EventBatch): Promise<void> {
    const { morphline } = this;
    if (morphline === null) return Promise.reject(new MorphlineRuntimeError('the morphline is not ready yet'));
    morphline.notify('BEGIN_TRANSACTION');
    let index = 0;
    try {
      for (const record of recordsOf(batch)) {
        morphline.process(record);
        index += 1;
      }
      morphline.notify('COMMIT_TRANSACTION');
      return Promise.resolve();
    } catch (error) {
      morphline.notify('ROLLBACK_TRANSACTION');
      return Promise.reject(this.failureOf(error, index < batch.count ? index : null));
    }
  }

  private failureOf(error: unknown, index: number | null): Error {
    const message = `The morphline fails: ${messageOf(error)}`;
    if (this.failures === 'poison') return new PoisonRecordError(message, index, { cause: error });
    if (this.failures === 'again') return new RetriableSinkError(message, { cause: error });
    return error instanceof Error ? error : new Error(message);
  }
}
