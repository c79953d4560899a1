/** Converters besides `bytes`, `string` and `json`, which the pipeline has itself. A new one is its folder and one line here. */
import type { ConverterType } from '#pipeline/sink-converters';
import { avroConverter } from './converters/avro/avro-converter.js';
import { jsonSchemaConverter } from './converters/json-schema/json-schema-converter.js';

export const converterTypes: readonly ConverterType[] = [avroConverter, jsonSchemaConverter];
