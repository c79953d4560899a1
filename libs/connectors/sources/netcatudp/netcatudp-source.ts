/**
 * Flume's netcatudp: the first line of a datagram is an event.
 *
 * Where it differs from Flume:
 * - It listens on 127.0.0.1 where no `bind` is set; any address that others reach needs `insecure`.
 * - The whole first line counts, up to the 65,507 bytes of a datagram; Flume sees 2,048 bytes.
 * - Without `remoteAddress` there is no header; Flume then sets one without a name.
 * - What a full channel refuses waits, up to `pendingBytes`; Flume drops it.
 */
import type { RemoteInfo } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { requireOptions } from '#config/options';
import type { ComponentType, Source } from '#pipeline/collector';
import { EventBatch } from '#pipeline/event-batch';
import { checkBind } from '../bind-options.js';
import { DatagramSource, type Datagrams } from '../datagram-source.js';
import { netcatudpOptions } from './netcatudp-options.js';

export const netcatudpSource: ComponentType<Source> = {
  name: 'netcatudp',
  classNames: ['org.apache.flume.source.NetcatUdpSource'],
  doc: 'Takes the first line of each datagram.',
  options: netcatudpOptions,
  batchSizeOption: 'batchSize',
  check(options) {
    const { bind, insecure } = requireOptions('source', netcatudpOptions, options);
    return checkBind('bind', bind, insecure);
  },
  create(input) {
    const options = requireOptions(`source ${input.name}`, netcatudpOptions, input.options);
    return new DatagramSource({
      ...options,
      host: options.bind,
      eventsOf: (datagrams) => firstLines(datagrams, options.remoteAddress),
    });
  },
};

const newline = 10;

function firstLines({ bodies, senders }: Datagrams, senderHeader: string | null): EventBatch {
  const bytes = Buffer.concat(bodies);
  const starts = new Int32Array(bodies.length);
  const ends = new Int32Array(bodies.length);
  let at = 0;
  for (const [index, body] of bodies.entries()) {
    const lineEnd = body.indexOf(newline);
    starts[index] = at;
    ends[index] = at + (lineEnd === -1 ? body.length : lineEnd);
    at += body.length;
  }
  const batch = new EventBatch(bytes, starts, ends);
  return senderHeader === null ? batch : batch.withHeader(senderHeader, senders.map(senderText));
}

/** As Java writes a socket's address. */
function senderText({ address, port }: RemoteInfo): string {
  return isIPv6(address) ? `/[${address}]:${port}` : `/${address}:${port}`;
}
