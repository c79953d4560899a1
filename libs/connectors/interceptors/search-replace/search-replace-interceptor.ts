import { defineOptions, requireOptions } from '#config/options';
import type { ComponentType, Interceptor } from '#pipeline/collector';
import { EventBatch } from '#pipeline/event-batch';
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
    const encoding = values.charset === 'UTF-8' ? 'utf8' : 'latin1';
    return {
      intercept(batch) {
        const starts = new Int32Array(batch.count);
        const ends = new Int32Array(batch.count);
        let text = '';
        let at = 0;
        for (let index = 0; index < batch.count; index += 1) {
          const body = batch.bytes.toString(encoding, batch.starts[index], batch.ends[index]);
          const replaced = body.replace(pattern, replacement);
          text += replaced;
          starts[index] = at;
          at += Buffer.byteLength(replaced, encoding);
          ends[index] = at;
        }
        return new EventBatch(Buffer.from(text, encoding), starts, ends, batch.headers);
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
