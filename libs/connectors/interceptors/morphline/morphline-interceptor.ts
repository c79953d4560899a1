import { defineOptions, requireOptions } from '#config/options';
import { eventOf, type EventMorphline } from '#morphlines/event-morphline';
import { MorphlineRuntimeError } from '#morphlines/errors';
import type { ComponentContext, ComponentType, Interceptor } from '#pipeline/collector';
import { EventBatch, type HeaderColumn } from '#pipeline/event-batch';
import { checkMorphline, morphlineOptions, openMorphline, recordsOf } from '../../morphline/morphline-options.js';

const options = defineOptions({ ...morphlineOptions });

export const morphlineInterceptor: ComponentType<Interceptor> = {
  name: 'morphline',
  classNames: ['org.apache.flume.sink.solr.morphline.MorphlineInterceptor$Builder'],
  doc: 'Runs each event through a morphline. What comes out replaces the event; an event of which nothing comes out is dropped, and more than one record is an error.',
  options,
  check: checkMorphline,
  create(input) {
    const values = requireOptions(`interceptor ${input.name}`, options, input.options);
    return new MorphlineInterceptor((context) => openMorphline(values, context));
  },
};

class MorphlineInterceptor implements Interceptor {
  private morphline: EventMorphline | null = null;

  constructor(private readonly open: (context: ComponentContext) => EventMorphline) {}

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

  intercept(batch: EventBatch): EventBatch {
    if (this.morphline === null) throw new MorphlineRuntimeError('the morphline is not ready yet');
    const builder = new BatchBuilder();
    for (const record of recordsOf(batch)) {
      const [output, another] = this.morphline.process(record);
      if (another !== undefined) {
        throw new MorphlineRuntimeError(
          'the morphline made several records of one event, and an interceptor can only give one: split events in a source or a sink',
        );
      }
      if (output === undefined) continue;
      const { headers, body } = eventOf(output);
      builder.add(headers, body);
    }
    return builder.build();
  }
}

/** Puts events together as columns. */
class BatchBuilder {
  private readonly bodies: Uint8Array[] = [];
  private readonly columns = new Map<string, (string | null)[]>();

  add(headers: ReadonlyMap<string, string>, body: Uint8Array): void {
    const index = this.bodies.length;
    for (const [name, value] of headers) {
      let column = this.columns.get(name);
      if (column === undefined) {
        column = [];
        this.columns.set(name, column);
      }
      while (column.length < index) column.push(null);
      column.push(value);
    }
    this.bodies.push(body);
  }

  build(): EventBatch {
    const count = this.bodies.length;
    const starts = new Int32Array(count);
    const ends = new Int32Array(count);
    let at = 0;
    for (const [index, body] of this.bodies.entries()) {
      starts[index] = at;
      at += body.length;
      ends[index] = at;
    }
    const headers = new Map<string, HeaderColumn>();
    for (const [name, column] of this.columns) {
      while (column.length < count) column.push(null);
      const [first] = column;
      const isShared = typeof first === 'string' && column.every((value) => value === first);
      headers.set(name, isShared ? first : column);
    }
    return new EventBatch(Buffer.concat(this.bodies, at), starts, ends, headers);
  }
}
