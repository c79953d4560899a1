import type { ConverterType } from '#pipeline/sink-converters';
import { RegistryConverter, type SchemaReader } from '../schema-registry/registry-converter.js';
import type { RegisteredSchema } from '../schema-registry/registry-client.js';
import { openRegistry, registryOptions, registryProblems } from '../schema-registry/registry-options.js';
import { AvroCursor } from './avro-cursor.js';
import { AvroCompiler } from './avro-schema.js';

export const avroConverter: ConverterType = {
  name: 'avro',
  classNames: ['io.confluent.connect.avro.AvroConverter'],
  doc: 'Avro with a schema registry, as Confluent’s serializers write it.',
  options: registryOptions,
  check: registryProblems,
  create: (options, { clock }) =>
    new RegistryConverter({ kind: 'AVRO', registry: openRegistry(options, clock), clock, compile: avroReader }),
};

/** Throws where the schema is none. */
export function avroReader({ text, references }: RegisteredSchema): SchemaReader {
  const compiler = new AvroCompiler();
  for (const reference of references) compiler.compile(reference.text);
  const { schema, read } = compiler.compile(text);
  // The serializers write bytes that are the whole without their length.
  const isRaw =
    schema.type === 'bytes' && schema.name === undefined && /^"?bytes"?$/.test(text.replaceAll(/[{}\s]|"type":/g, ''));
  return {
    read(bytes, from) {
      if (isRaw) return { bytes: bytes.subarray(from), json: bytes.toString('base64', from), schema };
      const cursor = new AvroCursor(bytes, from);
      const json = read(cursor);
      if (cursor.left > 0) throw new Error(`${cursor.left} bytes are left over`);
      return { json, schema };
    },
  };
}
