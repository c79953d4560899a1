import { defineOptions } from '#config/options';
import { serverTlsOptions } from '../../tls/tls-options.js';
import { bindOptions, gatheredBatchSize, idleTimeoutOption } from '../bind-options.js';
import { eventSizeOption, syslogOptions } from '../syslog/syslog-options.js';

export const multiportSyslogtcpOptions = defineOptions({
  ...syslogOptions,
  ports: {
    type: 'list',
    required: true,
    check: checkPorts,
    doc: 'The ports, separated by blanks. One that cannot be listened on is reported, and tried again, while the others serve.',
    importance: 'high',
  },
  portHeader: { type: 'string', doc: 'Name of a header with the port that a message came in on.' },
  eventSize: eventSizeOption,
  'charset.default': {
    type: 'string',
    default: 'UTF-8',
    doc: 'Charset of messages; one in which the bytes are no text makes a message Invalid. Bodies stay the bytes that they were.',
  },
  'charset.port': { type: 'map', doc: '`charset.port.10514`: the charset of one port.' },
  batchSize: gatheredBatchSize,
  readBufferBytes: {
    type: 'int',
    default: 1024,
    aliases: ['readBufferSize'],
    doc: 'Has no effect here: buffers are as large as what comes.',
  },
  numProcessors: { type: 'int', doc: 'Has no effect here: there are no threads to count.' },
  idleTimeout: idleTimeoutOption,
  ...bindOptions,
  ...serverTlsOptions,
});

function checkPorts(ports: readonly string[]): string | null {
  if (ports.length === 0) return 'must name a port';
  const wrong = ports.find((port) => !/^\d{1,5}$/.test(port) || Number(port) > 65_535);
  if (wrong !== undefined) return `"${wrong}" is no port`;
  return new Set(ports.filter((port) => port !== '0')).size < ports.filter((port) => port !== '0').length
    ? 'names a port twice'
    : null;
}
