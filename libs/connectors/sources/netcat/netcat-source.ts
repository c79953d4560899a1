/**
 * Flume's netcat: each line that a peer sends is an event, and each is answered `OK` or `FAILED: …` when the channels have committed or
 * refused it; a refused one is the peer's to send again. A `\r` before the line end stays. What follows the last line end is dropped
 * when the peer ends.
 *
 * Where it differs from Flume: lines that arrive together are delivered together (`batchSize`), so a refusal is the answer to all of them;
 * an address that other machines reach needs `insecure`; connections are limited; a peer that does not read its answers is read no
 * further.
 */
import { requireOptions } from '#config/options';
import type { ComponentType, Source } from '#pipeline/collector';
import { serverTls, serverTlsRemarks } from '../../tls/component-tls.js';
import { checkBind } from '../bind-options.js';
import { LineSource } from '../line-source.js';
import { netcatOptions } from './netcat-options.js';
import { NetcatProtocol } from './netcat-protocol.js';

export const netcatSource: ComponentType<Source> = {
  name: 'netcat',
  classNames: ['org.apache.flume.source.NetcatSource'],
  doc: 'Takes lines of TCP connections, and answers each.',
  options: netcatOptions,
  batchSizeOption: 'batchSize',
  check(options) {
    const values = requireOptions('source', netcatOptions, options);
    return [...checkBind('bind', values.bind, values.insecure), ...serverTlsRemarks(values)];
  },
  create(input) {
    const options = requireOptions(`source ${input.name}`, netcatOptions, input.options);
    const protocol = {
      lineCharsMax: options['max-line-length'],
      acknowledges: options['ack-every-event'],
      encoding: options.encoding,
    };
    return new LineSource({
      ...options,
      host: options.bind,
      ports: [options.port],
      tls: () => serverTls(options),
      protocolOf: () => Promise.resolve(new NetcatProtocol(protocol)),
    });
  },
};
