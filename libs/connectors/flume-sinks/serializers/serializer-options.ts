/** Options of Flume's event serializers, behind the key under which a sink names its serializer: `serializer`, `sink.serializer`. */
import { defineOptions, type OptionSpecs, type OptionValues } from '#config/options';
import { avroCodecs } from '../../formats/avro-container.js';
import { AvroDatumSerializer, AvroEventSerializer, type SchemaFileReader } from './avro-serializer.js';
import type { EventSerializer } from './event-encoder.js';
import { TextSerializer } from './text-serializer.js';

const kinds: Readonly<Record<string, SerializerKind>> = {
  text: 'text',
  'org.apache.flume.serialization.bodytexteventserializer$builder': 'text',
  header_and_text: 'header_and_text',
  'org.apache.flume.serialization.headerandbodytexteventserializer$builder': 'header_and_text',
  avro_event: 'avro_event',
  'org.apache.flume.serialization.flumeeventavroeventserializer$builder': 'avro_event',
  'org.apache.flume.sink.hdfs.avroeventserializer$builder': 'avro',
};

export type SerializerKind = 'text' | 'header_and_text' | 'avro_event' | 'avro';

export function serializerKind(name: string): SerializerKind | null {
  return kinds[name.trim().toLowerCase()] ?? null;
}

/** By what follows the key. */
const specs = defineOptions({
  '': {
    type: 'string',
    default: 'TEXT',
    doc:
      '`TEXT` (bodies), `HEADER_AND_TEXT` (`{name=value, …}`, a blank, the body), `AVRO_EVENT` (an Avro file of whole events), or ' +
      '`org.apache.flume.sink.hdfs.AvroEventSerializer$Builder` (an Avro file; each body is a datum of the schema that its headers name).',
    check: (value: string) =>
      serializerKind(value) === null
        ? 'must be TEXT, HEADER_AND_TEXT, AVRO_EVENT or org.apache.flume.sink.hdfs.AvroEventSerializer$Builder; Java classes of your own cannot be run here'
        : null,
  },
  '.appendNewline': { type: 'boolean', default: true, doc: 'Text: a newline after each event.' },
  '.syncIntervalBytes': {
    type: 'int',
    default: 2_048_000,
    min: 32,
    unit: 'bytes',
    doc: 'Avro: size of a block; a flush ends one too.',
  },
  '.compressionCodec': { type: 'string', default: 'null', values: avroCodecs, doc: 'Avro: compression of blocks.' },
  '.schemaURL': {
    type: 'string',
    doc:
      'Avro: schema of events without the headers `flume.avro.schema.url` and `flume.avro.schema.literal`: `file:`, `http(s):`, or a ' +
      'path on the file system that is written to.',
  },
});

type Keyed<K extends string, T extends OptionSpecs> = { readonly [N in keyof T & string as `${K}${N}`]: T[N] };

/** The declaration of `key` and of the keys behind it. */
export function serializerSpecs<const K extends string>(key: K): Keyed<K, typeof specs> {
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [`${key}${name}`, spec])) as Keyed<
    K,
    typeof specs
  >;
}

/** `values` are those of `serializerSpecs(key)`, among others. */
export function createSerializer(
  key: string,
  values: Readonly<Record<string, unknown>>,
  readSchemaFile: SchemaFileReader,
): EventSerializer {
  const own = Object.fromEntries(Object.keys(specs).map((name) => [name, values[`${key}${name}`]])) as OptionValues<
    typeof specs
  >;
  const avro = { codec: own['.compressionCodec'], syncIntervalBytes: own['.syncIntervalBytes'] };
  switch (serializerKind(own[''])) {
    case 'avro':
      return new AvroDatumSerializer({ ...avro, schemaUrl: own['.schemaURL'] }, readSchemaFile);
    case 'avro_event':
      return new AvroEventSerializer(avro);
    case 'header_and_text':
      return new TextSerializer({ headers: true, appendNewline: own['.appendNewline'] });
    default:
      return new TextSerializer({ headers: false, appendNewline: own['.appendNewline'] });
  }
}
