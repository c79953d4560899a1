/**
 * Flume's avro sink: sends batches by Avro RPC to the avro source of another agent, Flume's or ours. A batch is gone from the channel when the other
 * side has answered OK. An answer that is lost makes it send the batch again, as in Flume.
 *
 * Where it differs from Flume: host names are not held against certificates where a trust store is given (Flume never does), but are
 * where it is not; the protocol text travels with the first call, which spares one answer.
 */
import { defineOptions, requireOptions } from '#config/options';
import type { ChannelSink, ComponentInput, ComponentType } from '#pipeline/collector';
import { AvroClientProtocol } from '../rpc/client-protocols.js';
import { rpcTask, rpcTaskOptions } from '../rpc/rpc-task.js';
import { rpcSinkOptions, rpcSinkRemarks, rpcSinkSettings } from '../rpc/rpc-sink-options.js';
import { RpcSink } from '../rpc/rpc-sink.js';

export const avroSinkOptions = defineOptions({
  ...rpcSinkOptions,
  'compression-type': {
    type: 'string',
    default: 'none',
    values: ['none', 'deflate'],
    doc: '`deflate` compresses each direction as one zlib stream. Has to be the same as the source’s.',
  },
  'compression-level': {
    type: 'int',
    default: 6,
    min: 0,
    max: 9,
    doc: 'Of `deflate`: 1 is fastest, 9 smallest, 0 does not compress.',
  },
  'ssl-inside-compression': {
    type: 'boolean',
    default: true,
    doc: 'With `ssl` and `deflate` both: what TLS has encrypted is compressed, as Flume 1.10 and later do and expect; `false` for those before. Avro sources here take both.',
  },
  maxIoWorkers: { type: 'int', doc: 'Accepted for Flume. There are no threads to limit.' },
});

export const avroSink: ComponentType<ChannelSink> = {
  name: 'avro',
  classNames: ['org.apache.flume.sink.AvroSink'],
  doc: 'Sends events to the avro source of another agent.',
  options: { ...avroSinkOptions, ...rpcTaskOptions },
  batchSizeOption: 'batch-size',
  check: (given) => rpcSinkRemarks(requireOptions('sink', avroSinkOptions, given)),
  create: createAvroSink,
  createTask: (input, context) =>
    rpcTask(createAvroSink(input), requireOptions(`sink ${input.name}`, rpcTaskOptions, input.options), context),
};

function createAvroSink(input: ComponentInput): RpcSink {
  const values = requireOptions(`sink ${input.name}`, avroSinkOptions, input.options);
  return new RpcSink({
    ...rpcSinkSettings(values),
    compressionLevel: values['compression-type'] === 'deflate' ? values['compression-level'] : null,
    isTlsInside: values['ssl-inside-compression'],
    protocol: () => new AvroClientProtocol(),
  });
}
