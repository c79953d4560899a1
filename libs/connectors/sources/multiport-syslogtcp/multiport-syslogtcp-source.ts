/**
 * Flume's multiport_syslogtcp: syslogtcp on many ports, with stricter formats, other spellings of two headers (`Priority`, `Version`) and a
 * charset a port. Its times without a zone are UTC.
 *
 * Where it differs from Flume, besides what syslogtcp says of full channels, framing and bind addresses:
 * - The year of a date without one is the nearest, as in syslogtcp; Flume gives years 1999 and 2001.
 * - Empty lines and a time without a zone do not lose the batch: the first are passed over, the second are Invalid.
 */
import type { Socket } from 'node:net';
import { requireOptions, type OptionValues } from '#config/options';
import type { ComponentRemark, ComponentType, Source, SourceContext } from '#pipeline/collector';
import { serverTls, serverTlsRemarks } from '../../tls/component-tls.js';
import { checkBind } from '../bind-options.js';
import { findCharset, requireCharset, type Charset } from '../charset.js';
import { LineSource } from '../line-source.js';
import { keptFields } from '../syslog/kept-fields.js';
import { MultiportHeadReader } from '../syslog/multiport-head-reader.js';
import { peerHeaders } from '../syslog/peer-headers.js';
import { malformedIn, SyslogEvents } from '../syslog/syslog-events.js';
import { checkKeepFields, messageBytesMax } from '../syslog/syslog-options.js';
import { SyslogProtocol } from '../syslog/syslog-protocol.js';
import { SyslogTimes } from '../syslog/syslog-time.js';
import { multiportSyslogtcpOptions } from './multiport-syslogtcp-options.js';

export const multiportSyslogtcpSource: ComponentType<Source> = {
  name: 'multiport_syslogtcp',
  classNames: ['org.apache.flume.source.MultiportSyslogTCPSource'],
  doc: 'Takes syslog messages of TCP connections on several ports.',
  options: multiportSyslogtcpOptions,
  batchSizeOption: 'batchSize',
  check(options) {
    const values = requireOptions('source', multiportSyslogtcpOptions, options);
    return [
      ...checkBind('host', values.host, values.insecure),
      ...checkKeepFields(values.keepFields),
      ...checkCharsets(values),
      ...serverTlsRemarks(values),
    ];
  },
  create(input) {
    const options = requireOptions(`source ${input.name}`, multiportSyslogtcpOptions, input.options);
    return new LineSource({
      ...options,
      ports: options.ports.map(Number),
      isPatient: true,
      tls: () => serverTls(options),
      protocolOf: (socket, context) => protocolOf(options, socket, context),
    });
  },
};

type Options = OptionValues<typeof multiportSyslogtcpOptions>;

async function protocolOf(options: Options, socket: Socket, context: SourceContext): Promise<SyslogProtocol> {
  const port = String(socket.localPort ?? 0);
  const charset = requireCharset(options['charset.port'][port] ?? options['charset.default']);
  const headers = await peerHeaders(options, socket.remoteAddress);
  if (options.portHeader !== null) headers.set(options.portHeader, port);
  return new SyslogProtocol({
    messageBytesMax: messageBytesMax(options.eventSize),
    peerHeaders: headers,
    onDropped: (count) => context.count('EventDroppedCount', count),
    events: new SyslogEvents(context.clock, {
      reader: new MultiportHeadReader(new SyslogTimes('utc'), charset),
      names: { priority: 'Priority', version: 'Version' },
      keep: keptFields(options.keepFields),
      structuredData: options.structuredData,
      invalidHasPriority: false,
      isMalformed: malformedIn(charset),
    }),
  });
}

function checkCharsets(values: Options): ComponentRemark[] {
  const named: [string, string][] = [['charset.default', values['charset.default']]];
  for (const [port, name] of Object.entries(values['charset.port'])) named.push([`charset.port.${port}`, name]);
  return named.flatMap(([option, name]): ComponentRemark[] => {
    const message = charsetProblem(findCharset(name), name);
    return message === null ? [] : [{ severity: 'error', option, message }];
  });
}

function charsetProblem(charset: Charset | null, name: string): string | null {
  if (charset === null) return `there is no charset "${name}"`;
  return charset.unitBytes === 1
    ? null
    : `${name} is not supported here: messages end with one byte, so a charset of single bytes is needed`;
}
