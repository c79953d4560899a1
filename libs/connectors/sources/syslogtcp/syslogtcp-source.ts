/**
 * Flume's syslogtcp: messages of RFC 5424 and RFC 3164, ended by a line end or with their length before them (RFC 6587). Syslog has no answers, so
 * what the channels refuse is given to them again until they take it; meanwhile senders wait, because they are read no further.
 *
 * Where it differs from Flume:
 * - It listens on 127.0.0.1 where no `host` is set; any address that others reach needs `insecure`.
 * - What a full channel refuses is kept and given again; Flume drops it. What is left when the source stops is counted (EventDroppedCount).
 * - Messages with a length before them are taken too, and so is `\r\n` as a line end (Flume then finds no format).
 * - Headers of a former message never appear on a later one.
 * - A fraction of a second counts as one, and the zone beside it counts; Flume reads `.5` as 5 ms and leaves the zone out.
 * - IPv6 addresses are host names in RFC 5424, and with a version any printable text is. A message of just `eventSize` bytes is not `Incomplete`.
 * - `keepFields` leaves out what a message has not; Flume writes `null`. More than three digits are no priority, as there.
 * - A date of eleven months ago and more is taken as one of next year, as there.
 * - Bodies stay the bytes that they were; Flume makes them text and text them.
 */
import { requireOptions } from '#config/options';
import type { ComponentType, Source } from '#pipeline/collector';
import { serverTls, serverTlsRemarks } from '../../tls/component-tls.js';
import { checkBind } from '../bind-options.js';
import { LineSource } from '../line-source.js';
import { checkCustomFormat, withCustomFormat } from '../syslog/custom-format.js';
import { FlumeHeadReader } from '../syslog/flume-head-reader.js';
import { keptFields } from '../syslog/kept-fields.js';
import { peerHeaders } from '../syslog/peer-headers.js';
import { SyslogEvents } from '../syslog/syslog-events.js';
import { checkKeepFields, messageBytesMax } from '../syslog/syslog-options.js';
import { SyslogProtocol } from '../syslog/syslog-protocol.js';
import { SyslogTimes } from '../syslog/syslog-time.js';
import { syslogtcpOptions } from './syslogtcp-options.js';

export const syslogtcpSource: ComponentType<Source> = {
  name: 'syslogtcp',
  classNames: ['org.apache.flume.source.SyslogTcpSource'],
  doc: 'Takes syslog messages of TCP connections.',
  options: syslogtcpOptions,
  batchSizeOption: 'batchSize',
  check(options) {
    const values = requireOptions('source', syslogtcpOptions, options);
    return [
      ...checkBind('host', values.host, values.insecure),
      ...checkCustomFormat(values.format),
      ...checkKeepFields(values.keepFields),
      ...serverTlsRemarks(values),
    ];
  },
  create(input) {
    const options = requireOptions(`source ${input.name}`, syslogtcpOptions, input.options);
    return new LineSource({
      ...options,
      ports: [options.port],
      isPatient: true,
      tls: () => serverTls(options),
      protocolOf: async (socket, context) =>
        new SyslogProtocol({
          messageBytesMax: messageBytesMax(options.eventSize),
          peerHeaders: await peerHeaders(options, socket.remoteAddress),
          onDropped: (count) => context.count('EventDroppedCount', count),
          events: new SyslogEvents(context.clock, {
            reader: withCustomFormat(new FlumeHeadReader(new SyslogTimes('local')), options.format),
            names: { priority: 'priority', version: 'version' },
            keep: keptFields(options.keepFields),
            structuredData: options.structuredData,
            invalidHasPriority: true,
          }),
        }),
    });
  },
};
