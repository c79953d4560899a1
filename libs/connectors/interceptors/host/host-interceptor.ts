import { hostname, networkInterfaces } from 'node:os';
import { defineOptions, requireOptions } from '#config/options';
import type { ComponentType, Interceptor } from '#pipeline/collector';
import { setHeader } from '../preserved-header.js';

const options = defineOptions({
  useIP: { type: 'boolean', default: true, doc: 'The address of this machine; else its name.' },
  hostHeader: { type: 'string', default: 'host', doc: 'Header that gets it.' },
  preserveExisting: { type: 'boolean', default: false, doc: 'Leaves events that have the header as they are.' },
});

export const hostInterceptor: ComponentType<Interceptor> = {
  name: 'host',
  classNames: ['org.apache.flume.interceptor.HostInterceptor$Builder'],
  doc: 'Sets a header to the address or the name of this machine, as it was when the agent started.',
  options,
  create(input) {
    const {
      useIP,
      hostHeader: name,
      preserveExisting,
    } = requireOptions(`interceptor ${input.name}`, options, input.options);
    const value = useIP ? ownAddress() : hostname();
    return { intercept: (batch) => setHeader(batch, { name, value, preserveExisting }) };
  },
};

/** The first IPv4 address that others can reach, else loopback. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find((address) => address.family === 'IPv4' && !address.internal)?.address ?? '127.0.0.1';
}
