import { defineOptions, requireOptions } from '#config/options';
import type { ComponentType, Interceptor } from '#pipeline/collector';
import { checkJavaRegex, compileJavaRegex } from '#std/java-regex';

const options = defineOptions({
  withName: { type: 'string', doc: 'Name of one header to remove.' },
  fromList: { type: 'string', doc: 'Names of headers to remove.' },
  fromListSeparator: {
    type: 'string',
    default: '\\s*,\\s*',
    check: checkJavaRegex,
    doc: 'What parts the names of `fromList`, a regular expression.',
  },
  matching: { type: 'string', check: checkJavaRegex, doc: 'Removes headers whose whole name matches.' },
});

export const removeHeaderInterceptor: ComponentType<Interceptor> = {
  name: 'remove_header',
  classNames: ['org.apache.flume.interceptor.RemoveHeaderInterceptor$Builder'],
  doc: 'Removes headers by name, by a list of names, or by a regular expression.',
  options,
  create(input) {
    const values = requireOptions(`interceptor ${input.name}`, options, input.options);
    const names = new Set((values.fromList ?? '').split(compileJavaRegex(values.fromListSeparator)));
    if (values.withName !== null) names.add(values.withName);
    const pattern = values.matching === null ? null : compileJavaRegex(`^(?:${values.matching})$`);
    const isRemoved = (name: string): boolean => names.has(name) || pattern?.test(name) === true;
    return {
      intercept(batch) {
        const kept = new Map([...batch.headers].filter(([name]) => !isRemoved(name)));
        return kept.size === batch.headers.size ? batch : batch.withHeaders(kept);
      },
    };
  },
};
