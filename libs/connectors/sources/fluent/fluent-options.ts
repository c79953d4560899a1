import { defineOptions } from '#config/options';
import { serverTlsOptions } from '../../tls/tls-options.js';
import { bindOptions, gatheredBatchSize, idleTimeoutOption, portOption } from '../bind-options.js';

export const fluentOptions = defineOptions({
  bind: { type: 'string', default: '127.0.0.1', doc: 'The address to listen on.', importance: 'high' },
  port: {
    ...portOption,
    required: false,
    default: 24_224,
    doc: 'The port, of TCP and of the heartbeat; 0 takes any free one.',
  },
  bodyKey: {
    type: 'string',
    doc: 'Field of a record that is the body, `log` or `message`; its other fields become headers (what is no text as JSON). Without it, or where a record has no such field, the whole record is the body, as JSON.',
  },
  sharedKey: {
    type: 'password',
    group: 'Login',
    doc: 'Key that peers have to know (`shared_key` of a Fluentd or Fluent Bit output).',
  },
  user: { type: 'string', group: 'Login', doc: 'User name that peers have to give besides `sharedKey`.' },
  password: { type: 'password', group: 'Login', doc: 'Its password.' },
  heartbeat: { type: 'boolean', default: true, doc: 'Answers heartbeats in datagrams on the same port.' },
  maxChunkBytes: {
    type: 'int',
    default: 32 * 1024 * 1024,
    min: 1024,
    max: 1024 * 1024 * 1024,
    unit: 'bytes',
    doc: 'A larger message ends its connection, packed or unpacked.',
  },
  batchSize: gatheredBatchSize,
  idleTimeout: idleTimeoutOption,
  ...bindOptions,
  ...serverTlsOptions,
});
