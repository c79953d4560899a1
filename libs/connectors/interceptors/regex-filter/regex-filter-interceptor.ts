import { defineOptions, requireOptions } from '#config/options';
import type { ComponentType, Interceptor } from '#pipeline/collector';
import { BodyTexts } from '../body-text.js';
import { checkJavaRegex, compileJavaRegex } from '#std/java-regex';

const options = defineOptions({
  regex: { type: 'string', default: '.*', check: checkJavaRegex, doc: 'Looked for anywhere in the body (UTF-8).' },
  excludeEvents: { type: 'boolean', default: false, doc: 'Drops the events that match; else those that do not.' },
});

export const regexFilterInterceptor: ComponentType<Interceptor> = {
  name: 'regex_filter',
  classNames: ['org.apache.flume.interceptor.RegexFilteringInterceptor$Builder'],
  doc: 'Keeps the events whose body matches a regular expression, or those whose body does not.',
  options,
  create(input) {
    const { regex, excludeEvents } = requireOptions(`interceptor ${input.name}`, options, input.options);
    const pattern = compileJavaRegex(regex);
    return {
      intercept(batch) {
        const texts = new BodyTexts(batch);
        const kept = new Int32Array(batch.count);
        let count = 0;
        for (let index = 0; index < batch.count; index += 1) {
          if (pattern.test(texts.at(index)) === excludeEvents) continue;
          kept[count] = index;
          count += 1;
        }
        return count === batch.count ? batch : batch.select(kept.subarray(0, count));
      },
    };
  },
};
