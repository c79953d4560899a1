import { defineOptions } from '#config/options';
import { bindOptions, gatheredBatchSize, portOption } from '../bind-options.js';
import { datagramOptions } from '../datagram-source.js';
import { formatOption, syslogOptions } from '../syslog/syslog-options.js';

export const syslogudpOptions = defineOptions({
  ...syslogOptions,
  port: portOption,
  format: formatOption,
  batchSize: gatheredBatchSize,
  ...datagramOptions,
  insecure: bindOptions.insecure,
});
