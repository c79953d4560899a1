import { defineOptions, requireOptions } from '#config/options';
import type { ComponentType, Interceptor } from '#pipeline/collector';
import { FailedEvents, onErrorOptions } from '../failed-events.js';
import { CelEvent, checkCel, compileCel } from './cel-expression.js';

const options = defineOptions({
  expression: {
    type: 'string',
    required: true,
    check: checkCel,
    doc: 'CEL over `body`, `headers` and `json` (the body read as JSON) that is true or false: `json.status >= 500 && headers.env == "prod"`. A header that is missing is asked for by `"env" in headers`.',
  },
  exclude: {
    type: 'boolean',
    default: false,
    doc: 'Drops the events for which it is true; else those for which it is not.',
  },
  ...onErrorOptions,
});

/** Filters by an expression. */
export const celFilterInterceptor: ComponentType<Interceptor> = {
  name: 'cel_filter',
  classNames: [],
  doc: 'Keeps the events for which an expression (CEL) is true, or those for which it is not.',
  options,
  create(input) {
    const values = requireOptions(`interceptor ${input.name}`, options, input.options);
    const failed = new FailedEvents(input.name, values.onError);
    const holds = compileCel(values.expression);
    return {
      start: (context) => Promise.resolve(failed.start(context)),
      intercept(batch) {
        const event = new CelEvent(batch);
        const kept = new Int32Array(batch.count);
        let count = 0;
        let failures = 0;
        for (let index = 0; index < batch.count; index += 1) {
          let isKept: boolean;
          try {
            isKept = (holds(event.at(index)) === true) !== values.exclude;
          } catch (error) {
            failed.add(index, error);
            failures += 1;
            isKept = values.onError === 'keep';
          }
          if (!isKept) continue;
          kept[count] = index;
          count += 1;
        }
        // What failed is counted there; whether it stays was decided here.
        if (failures > 0) failed.finish(batch);
        return count === batch.count ? batch : batch.select(kept.subarray(0, count));
      },
    };
  },
};
