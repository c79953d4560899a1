import { defineOptions, requireOptions } from '#config/options';
import type { ComponentType, Interceptor } from '#pipeline/collector';
import { setHeader } from '../preserved-header.js';

const options = defineOptions({
  key: { type: 'string', default: 'key', doc: 'Header that gets the value.' },
  value: { type: 'string', default: 'value', doc: 'The value.' },
  preserveExisting: { type: 'boolean', default: true, doc: 'Leaves events that have the header as they are.' },
});

export const staticInterceptor: ComponentType<Interceptor> = {
  name: 'static',
  classNames: ['org.apache.flume.interceptor.StaticInterceptor$Builder'],
  doc: 'Sets one header to one value.',
  options,
  create(input) {
    const { key, value, preserveExisting } = requireOptions(`interceptor ${input.name}`, options, input.options);
    return { intercept: (batch) => setHeader(batch, { name: key, value, preserveExisting }) };
  },
};
