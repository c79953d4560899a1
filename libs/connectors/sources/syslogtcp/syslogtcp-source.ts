/**
 * Flume's syslogtcp: messages of RFC 5424 and RFC 3164. Syslog has no answers, so what the channels refuse is lost, and counted
 * (EventDroppedCount); before that a full channel makes senders wait, because they are read no further.
 *
 * Where it differs from Flume:
 * - It listens on 127.0.0.1 where no `host` is set; any address that others reach needs `insecure`.
 * - Messages with a length before them (RFC 6587, octet counting) are taken too, and so is `\r\n` as a line end (Flume then finds no format).
 * - Headers of a former message never appear on a later one.
 * - A fraction of a second counts as one, and the zone beside it counts; Flume reads `.5` as 5 ms and leaves the zone out.
 * - IPv6 addresses are host names in RFC 5424. A message of just `eventSize` bytes is not `Incomplete`.
 * - `keepFields` leaves out what a message has not; Flume writes `null`. More than three digits are no priority, as there.
 * - A date of eleven months ago and more is taken as one of next year, not of last year.
 */
import { lookupService } from 'node:dns/promises';
import type { Socket } from 'node:net';
import { requireOptions, type OptionValues } from '#config/options';
import { plainAddress } from '#net/host';
import type { ComponentRemark, ComponentType, Source } from '#pipeline/collector';
import { checkBind } from '../bind-options.js';
import { LineSource } from '../line-source.js';
import { SyslogProtocol, type KeptFields } from './syslog-protocol.js';
import { syslogtcpOptions } from './syslogtcp-options.js';

const eventSizeMin = 10;
const fieldNames = ['priority', 'version', 'timestamp', 'hostname'] as const;

export const syslogtcpSource: ComponentType<Source> = {
  name: 'syslogtcp',
  classNames: ['org.apache.flume.source.SyslogTcpSource'],
  doc: 'Takes syslog messages of TCP connections.',
  options: syslogtcpOptions,
  batchSizeOption: 'batchSize',
  check(options) {
    const { host, insecure, keepFields, format } = requireOptions('source', syslogtcpOptions, options);
    const remarks: ComponentRemark[] = checkBind('host', host, insecure);
    if (format['regex'] !== undefined) {
      const message = 'format.regex, a parser of one’s own, is not supported in this release';
      remarks.push({ severity: 'error', option: 'format.regex', message });
    }
    const keep = keptFields(keepFields);
    if (!Object.values(keep).includes(true) && !/^(none|false)$/i.test(keepFields)) {
      const message = `keepFields "${keepFields}" names no field; there are ${fieldNames.join(', ')}, all and none`;
      remarks.push({ severity: 'warning', option: 'keepFields', message });
    }
    return remarks;
  },
  create(input) {
    const options = requireOptions(`source ${input.name}`, syslogtcpOptions, input.options);
    const keep = keptFields(options.keepFields);
    const messageBytesMax = Math.max(eventSizeMin, options.eventSize);
    return new LineSource({
      ...options,
      protocolOf: async (socket, context) =>
        new SyslogProtocol(context.clock, {
          messageBytesMax,
          keep,
          peerHeaders: await peerHeaders(options, socket),
          onDropped: (count) => context.count('EventDroppedCount', count),
        }),
    });
  },
};

/** A field is kept when its name is somewhere in the text, as in Flume. */
function keptFields(text: string): KeptFields {
  const lower = text.toLowerCase();
  const all = lower === 'all' || lower === 'true';
  const has = (name: string): boolean => !all && lower.includes(name);
  return {
    all,
    priority: has('priority'),
    version: has('version'),
    timestamp: has('timestamp'),
    hostname: has('hostname'),
  };
}

async function peerHeaders(
  { clientIPHeader, clientHostnameHeader }: OptionValues<typeof syslogtcpOptions>,
  socket: Socket,
): Promise<Record<string, string>> {
  const address = plainAddress(socket.remoteAddress ?? '');
  const headers: Record<string, string> = {};
  if (clientIPHeader !== null) headers[clientIPHeader] = address;
  if (clientHostnameHeader !== null) headers[clientHostnameHeader] = await hostnameOf(address);
  return headers;
}

async function hostnameOf(address: string): Promise<string> {
  try {
    return (await lookupService(address, 0)).hostname;
  } catch {
    return address;
  }
}
