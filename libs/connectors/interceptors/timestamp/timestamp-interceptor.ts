import { defineOptions, requireOptions } from '#config/options';
import type { ComponentType, Interceptor } from '#pipeline/collector';
import { setHeader } from '../preserved-header.js';

const options = defineOptions({
  headerName: { type: 'string', default: 'timestamp', doc: 'Header that gets the time.' },
  preserveExisting: { type: 'boolean', default: false, doc: 'Leaves events that have the header as they are.' },
});

export const timestampInterceptor: ComponentType<Interceptor> = {
  name: 'timestamp',
  classNames: ['org.apache.flume.interceptor.TimestampInterceptor$Builder'],
  doc: 'Sets a header to the time at which the batch came by, milliseconds since the epoch; one time for a batch.',
  options,
  create(input) {
    const { headerName: name, preserveExisting } = requireOptions(`interceptor ${input.name}`, options, input.options);
    const { clock } = input.services;
    return { intercept: (batch) => setHeader(batch, { name, value: String(clock.now()), preserveExisting }) };
  },
};
