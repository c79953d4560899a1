/**
 * Flume's thrift sink: sends batches to the thrift source of another agent, Flume's or ours. A batch is gone from the channel when the other side has
 * answered OK. There is no Kerberos.
 */
import { defineOptions, requireOptions } from '#config/options';
import type { ChannelSink, ComponentInput, ComponentType } from '#pipeline/collector';
import { ThriftClientProtocol } from '../rpc/client-protocols.js';
import { rpcTask, rpcTaskOptions } from '../rpc/rpc-task.js';
import { rpcSinkOptions, rpcSinkRemarks, rpcSinkSettings } from '../rpc/rpc-sink-options.js';
import { RpcSink } from '../rpc/rpc-sink.js';

export const thriftSinkOptions = defineOptions({
  ...rpcSinkOptions,
  protocol: {
    type: 'string',
    default: 'compact',
    values: ['compact', 'binary'],
    doc: 'Thrift’s protocol, in frames; has to be the source’s.',
  },
  maxConnections: { type: 'int', default: 5, min: 1, doc: 'Accepted for Flume. There is one connection.' },
  kerberos: {
    type: 'boolean',
    default: false,
    check: (isWanted: boolean) => (isWanted ? 'Kerberos is not supported; use ssl' : null),
    doc: 'Only `false`: Kerberos is not supported.',
  },
  'client-principal': { type: 'string', doc: 'Accepted for Flume, where it belongs to Kerberos.' },
  'client-keytab': { type: 'string', doc: 'Accepted for Flume, where it belongs to Kerberos.' },
  'server-principal': { type: 'string', doc: 'Accepted for Flume, where it belongs to Kerberos.' },
});

export const thriftSink: ComponentType<ChannelSink> = {
  name: 'thrift',
  classNames: ['org.apache.flume.sink.ThriftSink'],
  doc: 'Sends events to the thrift source of another agent.',
  options: { ...thriftSinkOptions, ...rpcTaskOptions },
  batchSizeOption: 'batch-size',
  check: (given) => rpcSinkRemarks(requireOptions('sink', thriftSinkOptions, given)),
  create: createThriftSink,
  createTask: (input, context) =>
    rpcTask(createThriftSink(input), requireOptions(`sink ${input.name}`, rpcTaskOptions, input.options), context),
};

function createThriftSink(input: ComponentInput): RpcSink {
  const values = requireOptions(`sink ${input.name}`, thriftSinkOptions, input.options);
  return new RpcSink({
    ...rpcSinkSettings(values),
    compressionLevel: null,
    isTlsInside: false,
    protocol: () => new ThriftClientProtocol(values.protocol),
  });
}
