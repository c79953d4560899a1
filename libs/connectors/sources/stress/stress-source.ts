/**
 * Flume's StressSource: the same event again and again, as fast as the channels take it.
 *
 * Where it differs from Flume: when a limit is reached it rests, and `maxTotalEvents` cuts the last batch in any case; Flume cuts it only
 * where `batchSize` is over 1 and no limit of successful events ends it first.
 */
import { defineOptions, requireOptions, type OptionValues } from '#config/options';
import type { ComponentType, Source } from '#pipeline/collector';
import { EventBatch } from '#pipeline/event-batch';
import { backoffOptions, GeneratorSource, type Generator } from '../generator-source.js';

export const stressOptions = defineOptions({
  size: { type: 'int', default: 500, min: 0, max: 64 * 1024 * 1024, unit: 'bytes', doc: 'Bytes of a body, all 0x7F.' },
  maxTotalEvents: {
    type: 'long',
    default: -1,
    min: -1,
    unit: 'events',
    doc: 'Ends after so many, taken or refused; -1 never.',
  },
  maxSuccessfulEvents: {
    type: 'long',
    default: -1,
    min: -1,
    unit: 'events',
    doc: 'Ends when the channels have taken so many; -1 never. The last batch is not cut.',
  },
  batchSize: { type: 'int', default: 1, min: 1, unit: 'events', doc: 'Events handed to the channels at once.' },
  maxEventsPerSecond: { type: 'int', default: 0, min: 0, unit: 'events/s', doc: 'Events a second; 0 is no limit.' },
  ...backoffOptions,
});

export const stressSource: ComponentType<Source> = {
  name: 'stress',
  classNames: ['org.apache.flume.source.StressSource'],
  doc: 'The same event again and again. For measurements.',
  options: stressOptions,
  batchSizeOption: 'batchSize',
  create(input) {
    const options = requireOptions(`source ${input.name}`, stressOptions, input.options);
    return new GeneratorSource({
      ...options,
      eventsPerSecondMax: options.maxEventsPerSecond,
      createGenerator: () => new Repeater(options),
    });
  },
};

class Repeater implements Generator {
  private readonly batch: EventBatch;
  private total = 0;
  private taken = 0;
  private given = 0;

  constructor(private readonly options: OptionValues<typeof stressOptions>) {
    const { size, batchSize } = options;
    // All bodies are the same bytes.
    const ends = new Int32Array(batchSize).fill(size);
    this.batch = new EventBatch(Buffer.alloc(size, 0x7f), new Int32Array(batchSize), ends);
  }

  next(): EventBatch | null {
    const { maxTotalEvents, maxSuccessfulEvents, batchSize } = this.options;
    if (maxSuccessfulEvents >= 0 && this.taken >= maxSuccessfulEvents) return null;
    this.given = maxTotalEvents < 0 ? batchSize : Math.min(batchSize, maxTotalEvents - this.total);
    if (this.given <= 0) return null;
    // A batch of its own each time: the same object would be taken for one that is tried again.
    return this.batch.slice(0, this.given).withHeaders(new Map());
  }

  settle(wasTaken: boolean): void {
    this.total += this.given;
    if (wasTaken) this.taken += this.given;
  }
}
