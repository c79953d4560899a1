import { isUtf8 } from 'node:buffer';
import { PoisonRecordError } from '#pipeline/errors';
import type { SinkBatch } from '#pipeline/sink-batch';
import type { EnvelopeField } from './envelope.js';
import { emptyBuffer, type FileEncoder, type Format } from './format.js';

/**
 * One JSON document a line.
 *
 * Without fields the value is the document: its bytes are checked, not re-printed, so that 64-bit numbers and the order of
 * fields stay; line breaks between its tokens become blanks. A value that is not JSON is a poison record; no value is `null`.
 *
 * With fields those of `{"topic","partition","offset","timestamp","key","headers","value"}` that were asked for. A value that is JSON is embedded as it
 * is, other text becomes a string, and bytes that are not UTF-8 become base64 with `"valueEncoding":"base64"` behind them
 * (`keyEncoding` for keys). Of headers of one name the last is kept.
 */
export class JsonFormat implements Format {
  readonly name = 'json';
  readonly extension = '.json';
  private readonly encoder: FileEncoder;

  /** With `fields` an envelope of those; null = the value alone. */
  constructor(private readonly options: { readonly fields: readonly EnvelopeField[] | null }) {
    const { fields } = options;
    this.encoder = {
      header: emptyBuffer,
      encode(batch, indexes) {
        const pieces: Buffer[] = [];
        for (const index of indexes) {
          if (fields === null) valueLine(pieces, batch, index);
          else envelopeLine(pieces, batch, index, fields);
        }
        return Buffer.concat(pieces);
      },
    };
  }

  check(batch: SinkBatch): void {
    if (this.options.fields !== null) return;
    for (let index = 0; index < batch.count; index += 1) {
      const value = batch.value(index);
      // A converter that has parsed it has checked it.
      if (value === null || batch.json?.(index) !== undefined) continue;
      const problem = jsonProblem(value);
      if (problem !== null) {
        throw new PoisonRecordError(
          `Record ${batch.topic}-${batch.partition}@${batch.offset(index)} is not JSON (${problem}); ` +
            'write it with json.envelope=true or as text.',
          index,
        );
      }
    }
  }

  open(): FileEncoder {
    return this.encoder;
  }
}

const nullLine = Buffer.from('null\n');
const lineEnd = Buffer.from('\n');
const envelopeEnd = Buffer.from('}\n');
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const blank = 0x20;

function valueLine(pieces: Buffer[], batch: SinkBatch, index: number): void {
  const value = batch.value(index);
  if (value === null) pieces.push(nullLine);
  else pieces.push(oneLine(value), lineEnd);
}

function envelopeLine(pieces: Buffer[], batch: SinkBatch, index: number, fields: readonly EnvelopeField[]): void {
  let head = '{';
  for (const field of fields) {
    if (head !== '{') head += ',';
    if (field !== 'value') {
      head += `"${field}":${fieldText(field, batch, index)}`;
      continue;
    }
    const value = batch.value(index);
    const json = value !== null && (batch.json?.(index) !== undefined || jsonProblem(value) === null);
    if (value === null || !json) {
      head += `"value":${plainField(value, 'value')}`;
    } else {
      pieces.push(Buffer.from(`${head}"value":`), oneLine(value));
      head = '';
    }
  }
  pieces.push(Buffer.from(head), envelopeEnd);
}

function fieldText(field: Exclude<EnvelopeField, 'value'>, batch: SinkBatch, index: number): string {
  switch (field) {
    case 'topic':
      return JSON.stringify(batch.topic);
    case 'partition':
      return String(batch.partition);
    case 'offset':
      return String(batch.offset(index));
    case 'timestamp':
      return String(batch.timestamp(index));
    case 'key':
      return plainField(batch.key(index), 'key');
    case 'headers':
      return headersObject(batch, index);
  }
}

/** A string, or base64 and the field that says so. */
function plainField(bytes: Buffer | null, name: 'key' | 'value'): string {
  if (bytes === null) return 'null';
  if (isUtf8(bytes)) return JSON.stringify(bytes.toString());
  return `"${bytes.toString('base64')}","${name}Encoding":"base64"`;
}

/** Of headers of one name the last, as JSON text. */
export function headersObject(batch: SinkBatch, index: number): string {
  const all: Record<string, string | null> = Object.create(null) as Record<string, string | null>;
  for (const { key, value } of batch.headers(index)) all[key] = value === null ? null : value.toString();
  return JSON.stringify(all);
}

function jsonProblem(value: Buffer): string | null {
  if (!isUtf8(value)) return 'not UTF-8';
  try {
    JSON.parse(value.toString());
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** In JSON a raw line break stands only between tokens, so a blank may take its place. The batch's own bytes stay. */
function oneLine(value: Buffer): Buffer {
  if (!value.includes(lineFeed) && !value.includes(carriageReturn)) return value;
  const line = Buffer.from(value);
  for (let at = 0; at < line.length; at += 1) {
    if (line[at] === lineFeed || line[at] === carriageReturn) line[at] = blank;
  }
  return line;
}
