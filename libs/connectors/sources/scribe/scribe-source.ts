/**
 * Flume's ScribeSource: entries of Scribe's clients (Thrift, binary, in frames), their category as a header. Answers OK when every required channel has
 * committed a call, and TRY_LATER where it was not taken.
 *
 * Where it differs from Flume: it listens on 127.0.0.1 where no `host` is set; any address that others reach needs `insecure`.
 */
import { defineOptions, requireOptions } from '#config/options';
import type { ComponentType, Source } from '#pipeline/collector';
import { scribeResult, scribeService } from '#wire/flume/thrift-server';
import { bindOptions, checkBind } from '../bind-options.js';
import { RpcSource } from '../rpc/rpc-source.js';
import { ThriftProtocol } from '../rpc/thrift-protocol.js';

const options = defineOptions({
  host: { type: 'string', default: '127.0.0.1', doc: 'The address to listen on. Flume’s is every address.' },
  port: {
    type: 'int',
    default: 1499,
    min: 0,
    max: 65_535,
    importance: 'high',
    doc: 'The port; 0 takes any free one.',
  },
  maxReadBufferBytes: {
    type: 'int',
    default: 16_384_000,
    min: 1024,
    max: 256 * 1024 * 1024,
    unit: 'bytes',
    doc: 'A call with more bytes ends its connection, before they are kept.',
  },
  workerThreads: {
    type: 'int',
    default: 5,
    min: 1,
    doc: 'Accepted for Flume. All connections are served by one thread.',
  },
  maxThriftFrameSizeBytes: { type: 'int', doc: 'Accepted for Flume; `maxReadBufferBytes` is the limit.' },
  ...bindOptions,
});

export const scribeSource: ComponentType<Source> = {
  name: 'scribe',
  classNames: ['org.apache.flume.source.scribe.ScribeSource'],
  doc: 'Takes entries of Scribe’s clients.',
  options,
  check(given) {
    const { host, insecure } = requireOptions('source', options, given);
    return checkBind('host', host, insecure);
  },
  create(input) {
    const values = requireOptions(`source ${input.name}`, options, input.options);
    return new RpcSource({
      ...values,
      messageBytesMax: values.maxReadBufferBytes,
      isCompressed: false,
      tls: () => null,
      admits: null,
      protocolOf: (onProblem) =>
        new ThriftProtocol({
          service: scribeService,
          protocol: 'binary',
          messageBytesMax: values.maxReadBufferBytes,
          onProblem,
          answer: (call, refusal) => call.answer(refusal === null ? scribeResult.ok : scribeResult.tryLater),
        }),
    });
  },
};
