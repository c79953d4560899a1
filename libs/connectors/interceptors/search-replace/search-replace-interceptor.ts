import { defineOptions, requireOptions } from '#config/options';
import type { ComponentType, Interceptor } from '#pipeline/collector';
import { BodyTexts } from '../body-text.js';
import { NewBodies } from '../new-bodies.js';
import { checkJavaRegex, compileJavaRegex } from '#std/java-regex';

const charsets = ['UTF-8', 'ISO-8859-1', 'US-ASCII'] as const;

const options = defineOptions({
  searchPattern: {
    type: 'string',
    required: true,
    check: checkJavaRegex,
    doc: 'What to replace, everywhere in the body.',
  },
  replaceString: {
    type: 'string',
    default: '',
    doc: 'What to put there; `$1` is the first group, `\\$` a dollar sign.',
  },
  charset: { type: 'string', default: 'UTF-8', values: charsets, doc: 'How the body is text.' },
});

export const searchReplaceInterceptor: ComponentType<Interceptor> = {
  name: 'search_replace',
  classNames: ['org.apache.flume.interceptor.SearchAndReplaceInterceptor$Builder'],
  doc: 'Replaces what matches a regular expression in the body.',
  options,
  create(input) {
    const values = requireOptions(`interceptor ${input.name}`, options, input.options);
    const pattern = compileJavaRegex(values.searchPattern, 'g');
    const replacement = toJavaScriptReplacement(values.replaceString);
    const isUtf8 = values.charset === 'UTF-8';
    return {
      intercept(batch) {
        const texts = isUtf8 ? new BodyTexts(batch) : null;
        const bodies = new NewBodies(batch);
        for (let index = 0; index < batch.count; index += 1) {
          const body = texts?.at(index) ?? batch.body(index).toString('latin1');
          const replaced = body.replace(pattern, replacement);
          if (replaced === body) bodies.keep();
          else bodies.add(replaced, isUtf8 ? 'utf8' : 'latin1');
        }
        return bodies.applied();
      },
    };
  },
};

/** In Java a backslash makes the next character plain, `${name}` is a named group, and `$$` and `$&` have no meaning. */
function toJavaScriptReplacement(text: string): string {
  return text.replaceAll(/\\(.)|\$\{(\w+)\}|\$(?!\d)/gs, (_whole, plain?: string, group?: string) => {
    if (group !== undefined) return `$<${group}>`;
    return plain === undefined || plain === '$' ? '$$' : plain;
  });
}
