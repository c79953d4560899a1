import { defineOptions } from '#config/options';
import { bindOptions, portOption } from '../bind-options.js';

export const httpOptions = defineOptions({
  bind: {
    type: 'string',
    default: '127.0.0.1',
    doc: 'The address to listen on. Flume’s default is every address.',
    importance: 'high',
  },
  port: portOption,
  handler: {
    type: 'string',
    default: 'org.apache.flume.source.http.JSONHandler',
    values: [
      'org.apache.flume.source.http.JSONHandler',
      'org.apache.flume.source.http.BLOBHandler',
      'org.apache.flume.sink.solr.morphline.BlobHandler',
      'JSONHandler',
      'BLOBHandler',
    ],
    doc: 'How a request becomes events: `JSONHandler`, a JSON array of `{headers, body}`; `BLOBHandler`, its body as one event. Flume’s class names do too.',
  },
  'handler.mandatoryParameters': {
    type: 'list',
    default: [],
    doc: 'For `BLOBHandler`: query parameters that a request has to have.',
  },
  'handler.maxBlobLength': {
    type: 'int',
    default: 100_000_000,
    min: 1,
    unit: 'bytes',
    doc: 'For the Morphlines BlobHandler: what is over it of a body is cut off.',
  },
  maxBodyBytes: {
    type: 'int',
    default: 16 * 1024 * 1024,
    min: 1024,
    unit: 'bytes',
    doc: 'A larger request is refused with 413. Flume knows no limit.',
  },
  ...bindOptions,
  ssl: { ...bindOptions.ssl, aliases: ['enableSSL'] },
});
