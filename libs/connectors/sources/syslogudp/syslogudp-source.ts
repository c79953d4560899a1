/**
 * Flume's syslogudp: a datagram is a message of RFC 5424 or RFC 3164 (RFC 5426).
 *
 * Where it differs from Flume:
 * - It listens on 127.0.0.1 where no `host` is set; any address that others reach needs `insecure`.
 * - The whole datagram is the message, up to 65,507 bytes and with line ends in it; Flume takes the first line of the first 2,048 bytes. Line ends before
 *   and behind it are left out, and a datagram with nothing else is none.
 * - Headers of a former datagram never appear on a later one.
 * - What a full channel refuses waits, up to `pendingBytes`; Flume drops it.
 * - Times, hosts and `keepFields` are read as syslogtcp does here.
 */
import { requireOptions, type OptionValues } from '#config/options';
import { plainAddress } from '#net/host';
import type { ComponentType, Source, SourceContext } from '#pipeline/collector';
import type { EventBatch } from '#pipeline/event-batch';
import { checkBind } from '../bind-options.js';
import { DatagramSource, type Datagrams } from '../datagram-source.js';
import { checkCustomFormat, withCustomFormat } from '../syslog/custom-format.js';
import { FlumeHeadReader } from '../syslog/flume-head-reader.js';
import { keptFields } from '../syslog/kept-fields.js';
import { HostNames } from '../syslog/peer-headers.js';
import { SyslogEvents } from '../syslog/syslog-events.js';
import { SyslogFrames } from '../syslog/syslog-framing.js';
import { checkKeepFields } from '../syslog/syslog-options.js';
import { SyslogTimes } from '../syslog/syslog-time.js';
import { syslogudpOptions } from './syslogudp-options.js';

export const syslogudpSource: ComponentType<Source> = {
  name: 'syslogudp',
  classNames: ['org.apache.flume.source.SyslogUDPSource'],
  doc: 'Takes syslog messages in datagrams.',
  options: syslogudpOptions,
  batchSizeOption: 'batchSize',
  check(options) {
    const values = requireOptions('source', syslogudpOptions, options);
    return [
      ...checkBind('host', values.host, values.insecure),
      ...checkCustomFormat(values.format),
      ...checkKeepFields(values.keepFields),
    ];
  },
  create(input) {
    const options = requireOptions(`source ${input.name}`, syslogudpOptions, input.options);
    let reader: DatagramReader | null = null;
    return new DatagramSource({
      ...options,
      eventsOf: (datagrams, context) => {
        reader ??= new DatagramReader(options, context);
        return reader.eventsOf(datagrams);
      },
    });
  },
};

class DatagramReader {
  private readonly events: SyslogEvents;
  private readonly hostNames = new HostNames();
  private readonly frames = new SyslogFrames();

  constructor(
    private readonly options: OptionValues<typeof syslogudpOptions>,
    context: SourceContext,
  ) {
    this.events = new SyslogEvents(context.clock, {
      reader: withCustomFormat(new FlumeHeadReader(new SyslogTimes('local')), options.format),
      names: { priority: 'priority', version: 'version' },
      keep: keptFields(options.keepFields),
      structuredData: options.structuredData,
      invalidHasPriority: true,
    });
  }

  eventsOf({ bodies, senders }: Datagrams): EventBatch | Promise<EventBatch> {
    const { frames } = this;
    const bytes = bodies.length === 1 && bodies[0] !== undefined ? bodies[0] : Buffer.concat(bodies);
    const addresses: string[] = [];
    let at = 0;
    frames.count = 0;
    for (const [index, body] of bodies.entries()) {
      let start = at;
      let end = at + body.length;
      at = end;
      while (start < end && isLineEnd(bytes[start])) start += 1;
      while (end > start && isLineEnd(bytes[end - 1])) end -= 1;
      if (start === end) continue;
      frames.add(start, end, false);
      addresses.push(plainAddress(senders[index]?.address ?? ''));
    }
    const batch = this.events.of(bytes, frames);
    const { clientIPHeader, clientHostnameHeader } = this.options;
    const addressed = clientIPHeader === null ? batch : batch.withHeader(clientIPHeader, addresses);
    if (clientHostnameHeader === null) return addressed;
    return this.hostNames.ofAll(addresses).then((names) => addressed.withHeader(clientHostnameHeader, names));
  }
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === 10 || byte === 13;
}
