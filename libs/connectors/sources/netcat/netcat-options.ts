import { defineOptions } from '#config/options';
import { serverTlsOptions } from '../../tls/tls-options.js';
import { bindOptions, gatheredBatchSize, idleTimeoutOption, portOption } from '../bind-options.js';
import { checkStreamCharset } from './netcat-protocol.js';

export const netcatOptions = defineOptions({
  bind: { type: 'string', required: true, doc: 'The address to listen on.', importance: 'high' },
  port: portOption,
  'max-line-length': {
    type: 'int',
    default: 512,
    min: 2,
    max: 16 * 1024 * 1024,
    unit: 'characters',
    doc: 'Longest line, its line end included. A longer one ends the connection.',
  },
  'ack-every-event': {
    type: 'boolean',
    default: true,
    doc: 'Answers `OK` to each line that the channels have committed.',
  },
  encoding: {
    type: 'string',
    default: 'utf-8',
    check: checkStreamCharset,
    doc: 'Charset in which lines come. Bodies are UTF-8.',
  },
  batchSize: gatheredBatchSize,
  idleTimeout: idleTimeoutOption,
  ...bindOptions,
  ...serverTlsOptions,
});
