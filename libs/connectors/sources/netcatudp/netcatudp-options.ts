import { defineOptions } from '#config/options';
import { bindOptions, gatheredBatchSize, portOption } from '../bind-options.js';
import { datagramOptions } from '../datagram-source.js';

export const netcatudpOptions = defineOptions({
  bind: {
    type: 'string',
    default: '127.0.0.1',
    doc: 'The address to listen on. Flume’s default is every address.',
    importance: 'high',
  },
  port: portOption,
  remoteAddress: {
    type: 'string',
    aliases: ['remoteAddressHeader'],
    doc: 'Name of a header with the sender, `/10.0.0.1:40000`. Without it there is none. Flume’s guide calls it `remoteAddressHeader`, its code `remoteAddress`; both do.',
  },
  batchSize: gatheredBatchSize,
  ...datagramOptions,
  insecure: bindOptions.insecure,
});
