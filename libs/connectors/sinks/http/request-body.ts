import { createHmac } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { SinkBatch } from '#pipeline/sink-batch';
import { parseJson, stringifyJson } from '#pipeline/sink-json';

export type BatchFormat = 'single' | 'array' | 'ndjson' | 'separator';

export interface BodyShape {
  readonly format: BatchFormat;
  /** Of `separator`. */
  readonly prefix: string;
  readonly suffix: string;
  readonly separator: string;
}

const newline = 0x0a;
const zipped = promisify(gzip);

/** The values of the records in one body. Throws a SyntaxError where a value with line ends is no JSON, which NDJSON has to be. */
export function requestBody(batch: SinkBatch, indices: readonly number[], shape: BodyShape): Buffer {
  const values = indices.map((index) => batch.value(index) ?? Buffer.alloc(0));
  switch (shape.format) {
    case 'single':
      return Buffer.concat(values);
    case 'array':
      return joined(values, '[', ',', ']');
    case 'ndjson':
      return joined(values.map(oneLine), '', '\n', '\n');
    case 'separator':
      return joined(values, shape.prefix, shape.separator, shape.suffix);
  }
}

export async function compressed(body: Buffer): Promise<Buffer> {
  return await zipped(body, { level: 3 });
}

/** `sha256=<hex>` of the body as it goes out. */
export function signature(body: Buffer, algorithm: 'sha256' | 'sha512', secret: string): string {
  return `${algorithm}=${createHmac(algorithm, secret).update(body).digest('hex')}`;
}

function joined(values: readonly Buffer[], prefix: string, separator: string, suffix: string): Buffer {
  const between = Buffer.from(separator);
  const parts: Buffer[] = [Buffer.from(prefix)];
  for (const [number, value] of values.entries()) {
    if (number > 0) parts.push(between);
    parts.push(value);
  }
  parts.push(Buffer.from(suffix));
  return Buffer.concat(parts);
}

function oneLine(value: Buffer): Buffer {
  return value.includes(newline) ? Buffer.from(stringifyJson(parseJson(value))) : value;
}
