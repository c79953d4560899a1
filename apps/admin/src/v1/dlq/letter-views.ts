import { isUtf8 } from 'node:buffer';
import type { z } from 'zod';
import { diedAt, stateOf } from '#jobs/dead-letters/letter-filter';
import type { KeptLetter } from '#jobs/dead-letters/letter-box';
import { originalHeaders } from '#pipeline/dead-letter-origin';
import type { RecordHeader } from '#pipeline/sink-batch';
import type { LetterView } from './dead-letter-schemas.js';

const listedBytesMax = 64 * 1024;
const headerBytesMax = 4096;
/** The last instant that a JavaScript date can hold, ms. */
const timeMax = 8_640_000_000_000_000;

/** A list shows at most 64 KiB of key and value, and no stack traces. */
export function letterView({ letter, handled }: KeptLetter, isWhole: boolean): z.output<typeof LetterView> {
  const { origin } = letter;
  const bytesMax = isWhole ? Infinity : listedBytesMax;
  return {
    topic: letter.topic,
    partition: letter.partition,
    offset: letter.offset,
    state: stateOf(handled),
    handled_by: handled?.job ?? null,
    handled_at: handled?.at.toISOString() ?? null,
    died_at: timeOf(diedAt(letter)) ?? new Date(0).toISOString(),
    timestamp: timeOf(letter.timestamp),
    origin: {
      topic: origin.topic,
      partition: origin.partition,
      offset: origin.offset,
      first: origin.first,
      redrives: origin.redrives,
    },
    error: {
      stage: origin.stage,
      class_name: origin.className,
      error_class: origin.errorClass,
      message: origin.message,
      stacktrace: isWhole ? origin.stacktrace : null,
      attempts: origin.attempts,
      task: origin.task,
    },
    key: contentView(letter.key, bytesMax),
    value: contentView(letter.value, bytesMax),
    headers: headersView(originalHeaders(letter.headers)),
  };
}

export function headersView(headers: readonly RecordHeader[]): z.output<typeof LetterView>['headers'] {
  return headers.map(({ key, value }) => ({
    name: key,
    value: value === null ? null : value.subarray(0, headerBytesMax).toString('utf8'),
  }));
}

export function contentView(bytes: Buffer | null, bytesMax: number): z.output<typeof LetterView>['value'] {
  if (bytes === null) return null;
  const truncated = bytes.length > bytesMax;
  const shown = truncated ? bytes.subarray(0, bytesMax) : bytes;
  // A cut may fall into a character: what is text as a whole is shown as text.
  const isText = isUtf8(bytes);
  return {
    text: isText ? shown.toString('utf8') : null,
    base64: isText ? null : shown.toString('base64'),
    bytes: bytes.length,
    truncated,
  };
}

/** Null where it is none that a date can hold. */
export function timeOf(ms: number): string | null {
  return ms >= 0 && ms <= timeMax ? new Date(ms).toISOString() : null;
}
