/** Kafka's producer properties, as Flume passes them on (`kafka.producer.…`), read for our writer. */
import { defineOptions, parseOptions } from '#config/options';
import type { ComponentRemark } from '#pipeline/collector';
import { suggest } from '#std/suggestion';
import type { TopicWriterOptions } from '#topics/topic-writer';

const acksValues = ['all', '-1', '1', '0'] as const;
const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

const producerOptions = defineOptions({
  acks: { type: 'string', values: acksValues, default: 'all', doc: 'Whose acknowledgement a write waits for.' },
  'compression.type': { type: 'string', values: codecs, default: 'none', doc: 'Compression of record batches.' },
  'linger.ms': { type: 'int', default: 0, min: 0, unit: 'ms', doc: 'How long a batch waits for more records.' },
  'batch.size': { type: 'int', default: 1024 * 1024, min: 1, unit: 'bytes', doc: 'Largest batch before compression.' },
  'enable.idempotence': { type: 'boolean', default: true, doc: 'No duplicates from retries; needs acks=all.' },
  'max.in.flight.requests.per.connection': { type: 'int', default: 5, min: 1, doc: 'Requests under way to one node.' },
  'buffer.memory': {
    type: 'long',
    default: 32 * 1024 * 1024,
    min: 1024,
    unit: 'bytes',
    doc: 'Bytes not yet acknowledged.',
  },
  'delivery.timeout.ms': { type: 'int', default: 120_000, min: 1, unit: 'ms', doc: 'When a write fails.' },
  'client.id': { type: 'string', doc: 'Name of this client in the cluster.' },
});

/** Java classes and addresses that mean nothing here, or are given elsewhere. */
const ignored = [
  'key.serializer',
  'value.serializer',
  'bootstrap.servers',
  'retries',
  'request.timeout.ms',
  'partitioner.class',
];
const secured = /^(security\.protocol|sasl\.|ssl\.)/;

export interface ProducerProperties {
  readonly writer: TopicWriterOptions;
  readonly clientId: string | null;
}

/** A value that will not do takes its default; `checkProducerProperties` reports it. */
export function readProducerProperties(properties: Readonly<Record<string, string>>): ProducerProperties {
  const { values } = parseOptions(producerOptions, properties);
  const acks = values.acks === '0' ? 0 : values.acks === '1' ? 1 : -1;
  return {
    clientId: values['client.id'],
    writer: {
      acks,
      idempotent: values['enable.idempotence'] && acks === -1,
      lingerMs: values['linger.ms'],
      batchBytesMax: values['batch.size'],
      inFlightMax: values['max.in.flight.requests.per.connection'],
      bufferBytesMax: values['buffer.memory'],
      compression: values['compression.type'],
      deliveryTimeoutMs: values['delivery.timeout.ms'],
    },
  };
}

/** `prefix` is what stands before the properties in the flume.conf: `kafka.producer.`. */
export function checkProducerProperties(
  properties: Readonly<Record<string, string>>,
  prefix: string,
): ComponentRemark[] {
  const parsed = parseOptions(producerOptions, properties);
  const remarks = parsed.problems.map((problem): ComponentRemark => ({
    severity: 'error',
    option: prefix + problem.name,
    message: problem.message,
  }));
  for (const name of parsed.unknown) {
    const remark = unknownProperty(name, prefix, Object.keys(producerOptions));
    if (remark !== null) remarks.push(remark);
  }
  return remarks;
}

/** Null for properties that are rightly ignored. */
export function unknownProperty(name: string, prefix: string, known: readonly string[]): ComponentRemark | null {
  if (ignored.includes(name) || name.endsWith('.deserializer')) return null;
  const option = prefix + name;
  if (secured.test(name)) {
    const isPlain = name === 'security.protocol';
    return {
      severity: 'error',
      option,
      message: `${option}: secured connections${isPlain ? '' : ' and their settings'} are not supported in this release.`,
    };
  }
  const near = suggest(name, known);
  const hint = near === null ? '' : ` Did you mean ${prefix}${near}?`;
  return { severity: 'warning', option, message: `${option} has no effect here.${hint}` };
}
