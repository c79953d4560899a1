import { defineOptions, requireOptions } from '#config/options';
import { MorphlineRuntimeError } from '#morphlines/errors';
import type { EventMorphline } from '#morphlines/event-morphline';
import type { ChannelSink, ComponentContext, ComponentType } from '#pipeline/collector';
import type { EventBatch } from '#pipeline/event-batch';
import { checkMorphline, morphlineOptions, openMorphline, recordsOf } from '../../morphline/morphline-options.js';

const handlerClass = 'org.apache.flume.sink.solr.morphline.MorphlineHandlerImpl';

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
  create(input) {
    const values = requireOptions(`sink ${input.name}`, options, input.options);
    return new MorphlineSink(values.batchSize, (context) => openMorphline(values, context));
  },
};

/** A batch is one transaction of the morphline. */
class MorphlineSink implements ChannelSink {
  private morphline: EventMorphline | null = null;

  constructor(
    readonly batchSize: number,
    private readonly open: (context: ComponentContext) => EventMorphline,
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
    try {
      for (const record of recordsOf(batch)) morphline.process(record);
      morphline.notify('COMMIT_TRANSACTION');
      return Promise.resolve();
    } catch (error) {
      morphline.notify('ROLLBACK_TRANSACTION');
      return Promise.reject(error as Error);
    }
  }
}
