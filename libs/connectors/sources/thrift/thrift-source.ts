/**
 * Flume's thrift: events of its Thrift clients and thrift sinks, in frames. A call is one delivery, answered OK when every required channel has
 * committed it, FAILED where one refused it, and by an exception where something else went wrong.
 *
 * Where it differs from Flume: an address that other machines reach needs `insecure`; connections are limited; several calls of a
 * connection are with the channels at once, in order; there is no Kerberos.
 */
import { requireOptions } from '#config/options';
import type { ComponentType, Source } from '#pipeline/collector';
import { ChannelError } from '#pipeline/errors';
import { flumeService, thriftStatus } from '#wire/flume/thrift-server';
import { serverTls, serverTlsRemarks } from '../../tls/component-tls.js';
import { checkBind } from '../bind-options.js';
import { RpcSource } from '../rpc/rpc-source.js';
import { ThriftProtocol } from '../rpc/thrift-protocol.js';
import { thriftOptions } from './thrift-options.js';

export const thriftSource: ComponentType<Source> = {
  name: 'thrift',
  classNames: ['org.apache.flume.source.ThriftSource'],
  doc: 'Takes events of Flume’s Thrift clients and thrift sinks.',
  options: thriftOptions,
  check(given) {
    const options = requireOptions('source', thriftOptions, given);
    return [...checkBind('bind', options.bind, options.insecure), ...serverTlsRemarks(options)];
  },
  create(input) {
    const options = requireOptions(`source ${input.name}`, thriftOptions, input.options);
    const { protocol, maxMessageBytes: messageBytesMax } = options;
    return new RpcSource({
      ...options,
      host: options.bind,
      messageBytesMax,
      isCompressed: false,
      tls: () => serverTls(options),
      admits: null,
      protocolOf: (onProblem) =>
        new ThriftProtocol({
          service: flumeService,
          protocol,
          messageBytesMax,
          onProblem,
          answer(call, refusal) {
            if (refusal === null) return call.answer(thriftStatus.ok);
            return refusal instanceof ChannelError ? call.answer(thriftStatus.failed) : call.fail(refusal);
          },
        }),
    });
  },
};
