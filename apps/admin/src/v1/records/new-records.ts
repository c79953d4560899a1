/** Records that are to be written, out of a body: JSON (one, or a list) or a line each, as exports have them. */
import { PayloadTooLargeException } from '@nestjs/common';
import { z } from 'zod';
import { readRecordLine, type LineRecord } from '#jobs/record-line';
import { FieldProblems, type FieldProblem } from '#nest/field-problems';
import { messageOf } from '#std/errors';

/** The form of a line: `{"key": "a", "value": {"id": 7}}` is enough. */
export const NewRecord = z
  .looseObject({
    key: z.unknown().optional(),
    key_encoding: z.enum(['json', 'text', 'base64']).nullish().describe('Default: texts are text, all else is JSON.'),
    value: z.unknown().optional(),
    value_encoding: z.enum(['json', 'text', 'base64']).nullish(),
    headers: z.unknown().optional().describe('`[{"key": "a", "value": "b", "encoding": "text"}]`, or `{"a": "b"}`.'),
    timestamp: z.union([z.string(), z.int()]).nullish().describe('ISO 8601 or milliseconds. Default: now.'),
    partition: z.int().min(0).nullish().describe('Default: by the key.'),
  })
  .meta({ id: 'NewTopicRecord' });

export const NewRecords = z.union([NewRecord, z.array(NewRecord)]).meta({ id: 'NewTopicRecords' });

/** A request, as far as it matters here. */
export interface RecordBody extends AsyncIterable<unknown> {
  is(type: string): string | false | null;
}

const recordsMax = 10_000;
const bytesMax = 4 * 1024 * 1024;
const problemsMax = 20;

/** `json` is the body that was parsed, where it is no NDJSON. Throws 422 with the records that are none, 413 where there are too many. */
export async function newRecords(request: RecordBody, json: unknown): Promise<readonly LineRecord[]> {
  const isLines = typeof request.is('application/x-ndjson') === 'string';
  const lines = isLines ? linesOf(await bodyOf(request)) : linesOfJson(json);
  if (lines.length === 0)
    throw refusal('The body has no record', [{ pointer: '', code: 'empty', message: 'no record' }]);
  if (lines.length > recordsMax) {
    throw new PayloadTooLargeException(
      `The body has ${lines.length} records, at most ${recordsMax} are taken at once: send several bodies, or begin an import job.`,
    );
  }
  const problems: FieldProblem[] = [];
  const records = lines.flatMap((line, index): LineRecord[] => {
    try {
      return [readRecordLine(line)];
    } catch (error) {
      problems.push({ pointer: `/${index}`, code: 'record', message: messageOf(error) });
      return [];
    }
  });
  const [first] = problems;
  if (first !== undefined) {
    throw refusal(
      `Record ${first.pointer.slice(1)}: ${first.message}. Nothing was written.`,
      problems.slice(0, problemsMax),
    );
  }
  return records;
}

function refusal(message: string, problems: readonly FieldProblem[]): FieldProblems {
  return new FieldProblems(message, problems);
}

function linesOfJson(body: unknown): Buffer[] {
  const list: readonly unknown[] = Array.isArray(body) ? body : body === undefined || body === null ? [] : [body];
  return list.map((record) => Buffer.from(JSON.stringify(record)));
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0; from < bytes.length;) {
    const feed = bytes.indexOf(10, from);
    const to = feed < 0 ? bytes.length : feed;
    const line = bytes.subarray(from, to);
    if (line.some((byte) => byte !== 32 && byte !== 13 && byte !== 9)) lines.push(line);
    from = to + 1;
  }
  return lines;
}

async function bodyOf(request: RecordBody): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request) {
    const part = Buffer.isBuffer(piece) ? piece : Buffer.from(String(piece));
    bytes += part.length;
    if (bytes > bytesMax) {
      throw new PayloadTooLargeException(
        `The body is larger than ${bytesMax} bytes: send several, or begin an import job.`,
      );
    }
    pieces.push(part);
  }
  return Buffer.concat(pieces);
}
