import { defineOptions } from '#config/options';
import { bindOptions, gatheredBatchSize, portOption } from '../bind-options.js';

export const syslogtcpOptions = defineOptions({
  host: {
    type: 'string',
    default: '127.0.0.1',
    doc: 'The address to listen on. Flume’s default is every address.',
    importance: 'high',
  },
  port: portOption,
  eventSize: {
    type: 'int',
    default: 2500,
    min: 1,
    max: 16 * 1024 * 1024,
    unit: 'bytes',
    doc: 'A longer message is cut, and its rest becomes events too. Not under 10.',
  },
  keepFields: {
    type: 'string',
    default: 'none',
    doc: 'What stays in the body: `none`, `all`, or some of `priority version timestamp hostname`.',
  },
  clientIPHeader: { type: 'string', doc: 'Name of a header with the address of the sender.' },
  clientHostnameHeader: {
    type: 'string',
    doc: 'Name of a header with the host name of the sender; its address where it has no name.',
  },
  format: { type: 'map', doc: 'Flume’s `format.*`, a parser of one’s own: not supported in this release.' },
  batchSize: gatheredBatchSize,
  ...bindOptions,
});
