import { defineOptions, type OptionValues } from '#config/options';
import type { ComponentRemark } from '#pipeline/collector';
import { clientTls, clientTlsRemarks } from '../../tls/component-tls.js';
import { clientTlsOptions } from '../../tls/tls-options.js';
import type { RpcSinkOptions } from './rpc-sink.js';

const timeoutMs = 20_000;
const timeoutMsMin = 1000;

/** What all sinks have that send events to another agent. */
export const rpcSinkOptions = defineOptions({
  hostname: { type: 'string', required: true, importance: 'high', doc: 'Host name or address of the other agent.' },
  port: { type: 'int', required: true, min: 1, max: 65_535, importance: 'high', doc: 'Its port.' },
  'batch-size': { type: 'int', default: 100, min: 1, unit: 'events', doc: 'Events sent in one call, at most.' },
  'connect-timeout': {
    type: 'long',
    default: timeoutMs,
    unit: 'ms',
    doc: `What a connection may take, its TLS handshake included. Less than ${timeoutMsMin} is taken as ${timeoutMs}, as in Flume.`,
  },
  'request-timeout': {
    type: 'long',
    default: timeoutMs,
    unit: 'ms',
    doc: `What the answer to a call may take; then the connection is left and the batch sent again. Less than ${timeoutMsMin} is taken as ${timeoutMs}.`,
  },
  'reset-connection-interval': {
    type: 'int',
    default: 0,
    min: 0,
    unit: 's',
    aliases: ['connection-reset-interval'],
    doc: 'Age at which a connection is left for a new one, between two calls: for host names behind which machines change. 0 is never.',
  },
  'requests-in-flight': {
    type: 'int',
    default: 1,
    min: 1,
    max: 64,
    unit: 'calls',
    doc: 'Calls sent before the first is answered. More is faster over long ways; but when one is refused and a later one is not, the events change their order. Flume has one.',
  },
  ...clientTlsOptions,
});

type RpcSinkValues = OptionValues<typeof rpcSinkOptions>;

export function rpcSinkRemarks(options: Omit<RpcSinkValues, 'hostname' | 'port'>): ComponentRemark[] {
  const names = ['connect-timeout', 'request-timeout'] as const;
  return [
    ...names
      .filter((name) => options[name] < timeoutMsMin)
      .map((option): ComponentRemark => {
        const message = `${option} is below ${timeoutMsMin} ms, so that ${timeoutMs} ms is used, as in Flume`;
        return { severity: 'warning', option, message };
      }),
    ...clientTlsRemarks(options),
  ];
}

/** All but what differs between the protocols. */
export function rpcSinkSettings(
  options: RpcSinkValues,
): Omit<RpcSinkOptions, 'compressionLevel' | 'isTlsInside' | 'protocol'> {
  const timeout = (value: number): number => (value < timeoutMsMin ? timeoutMs : value);
  return {
    host: options.hostname,
    port: options.port,
    batchSize: options['batch-size'],
    requestsInFlightMax: options['requests-in-flight'],
    connectMsMax: timeout(options['connect-timeout']),
    requestMsMax: timeout(options['request-timeout']),
    connectionMsMax: options['reset-connection-interval'] * 1000,
    tls: () => clientTls(options),
  };
}
