/** Converters besides `bytes`, `string` and `json`, which the pipeline has itself. A new one is its folder and one line here. */
import type { ConverterType } from '#pipeline/sink-converters';

export const converterTypes: readonly ConverterType[] = [];
