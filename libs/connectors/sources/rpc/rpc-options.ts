import { defineOptions } from '#config/options';
import { serverTlsOptions } from '../../tls/tls-options.js';
import { bindOptions, portOption } from '../bind-options.js';

/** What all sources that answer calls have. */
export const rpcOptions = defineOptions({
  bind: { type: 'string', required: true, doc: 'The address to listen on.', importance: 'high' },
  port: portOption,
  threads: {
    type: 'int',
    default: 0,
    min: 0,
    doc: 'Accepted for Flume. All connections are served by one thread, which does not wait for any of them.',
  },
  ...bindOptions,
  ...serverTlsOptions,
});

/** A call with more bytes ends its connection. */
export const messageBytesMaxOption = {
  type: 'int',
  default: 64 * 1024 * 1024,
  min: 1024,
  max: 256 * 1024 * 1024,
  unit: 'bytes',
  doc: 'A call with more bytes ends its connection, before they are kept. Flume knows no limit.',
} as const;
