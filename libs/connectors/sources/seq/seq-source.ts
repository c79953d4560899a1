/**
 * Flume's seq: counts from 0, a number an event. What the channels refuse is counted again, so that no number is missing.
 *
 * Where it differs from Flume: when `totalEvents` have come it rests; Flume looks again every few seconds.
 */
import { defineOptions, requireOptions } from '#config/options';
import type { ComponentType, Source } from '#pipeline/collector';
import { EventBatch } from '#pipeline/event-batch';
import { backoffOptions, GeneratorSource, type Generator } from '../generator-source.js';

export const seqOptions = defineOptions({
  batchSize: { type: 'int', default: 1, min: 1, unit: 'events', doc: 'Events handed to the channels at once.' },
  totalEvents: {
    type: 'long',
    default: Number.MAX_SAFE_INTEGER,
    min: 0,
    unit: 'events',
    doc: 'How many there are in all. Flume’s default is larger still.',
  },
  ...backoffOptions,
});

export const seqSource: ComponentType<Source> = {
  name: 'seq',
  classNames: ['org.apache.flume.source.SequenceGeneratorSource'],
  doc: 'Counts: events whose bodies are 0, 1, 2 … For trying things out.',
  options: seqOptions,
  batchSizeOption: 'batchSize',
  create(input) {
    const options = requireOptions(`source ${input.name}`, seqOptions, input.options);
    return new GeneratorSource({ ...options, createGenerator: () => new Counter(options) });
  },
};

class Counter implements Generator {
  private first = 0;
  private last = 0;

  constructor(private readonly options: { readonly batchSize: number; readonly totalEvents: number }) {}

  next(): EventBatch | null {
    const { batchSize, totalEvents } = this.options;
    const count = Math.min(batchSize, totalEvents - this.first);
    if (count <= 0) return null;
    this.last = this.first + count;
    const starts = new Int32Array(count);
    const ends = new Int32Array(count);
    let text = '';
    for (let index = 0; index < count; index += 1) {
      starts[index] = text.length;
      text += String(this.first + index);
      ends[index] = text.length;
    }
    return new EventBatch(Buffer.from(text, 'latin1'), starts, ends);
  }

  settle(wasTaken: boolean): void {
    if (wasTaken) this.first = this.last;
  }
}
