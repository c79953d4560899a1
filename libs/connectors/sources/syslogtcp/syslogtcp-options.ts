import { defineOptions } from '#config/options';
import { serverTlsOptions } from '../../tls/tls-options.js';
import { bindOptions, gatheredBatchSize, idleTimeoutOption, portOption } from '../bind-options.js';
import { eventSizeOption, formatOption, syslogOptions } from '../syslog/syslog-options.js';

export const syslogtcpOptions = defineOptions({
  ...syslogOptions,
  port: portOption,
  eventSize: eventSizeOption,
  format: formatOption,
  batchSize: gatheredBatchSize,
  idleTimeout: idleTimeoutOption,
  ...bindOptions,
  ...serverTlsOptions,
});
