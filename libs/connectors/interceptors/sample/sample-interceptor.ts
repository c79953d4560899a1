import { defineOptions, requireOptions } from '#config/options';
import type { ComponentType, Interceptor } from '#pipeline/collector';
import { systemRandom } from '#std/random';
import { textHash } from '../text-hash.js';

const options = defineOptions({
  rate: {
    type: 'double',
    required: true,
    min: 0,
    max: 1,
    doc: 'Share of the events that are kept: 0.1 is one in ten.',
  },
  header: {
    type: 'string',
    doc: 'Events with the same value of this header are all kept or all dropped (a trace, a user). Absent: each by chance.',
  },
});

/** Keeps a part of the events. */
export const sampleInterceptor: ComponentType<Interceptor> = {
  name: 'sample',
  classNames: [],
  doc: 'Keeps a share of the events, by chance or by the value of a header; counts the others as EventSampledOutCount.',
  options,
  create(input) {
    const { rate, header } = requireOptions(`interceptor ${input.name}`, options, input.options);
    let count: (counter: string, by: number) => void = () => undefined;
    return {
      start(context) {
        count = (counter, by) => context.count(counter, by);
        return Promise.resolve();
      },
      intercept(batch) {
        const kept = new Int32Array(batch.count);
        let keptCount = 0;
        for (let index = 0; index < batch.count; index += 1) {
          const value = header === null ? null : batch.header(index, header);
          const at = value === null ? systemRandom.next() : textHash(value) / 2 ** 32;
          if (at >= rate) continue;
          kept[keptCount] = index;
          keptCount += 1;
        }
        if (keptCount === batch.count) return batch;
        count('EventSampledOutCount', batch.count - keptCount);
        return batch.select(kept.subarray(0, keptCount));
      },
    };
  },
};
