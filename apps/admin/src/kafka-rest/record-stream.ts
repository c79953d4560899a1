/**
 * Streamed produce: records are written while the body still comes, and each is reported in the order it came. Memory stays flat:
 * while more than `underWayBytesMax` of records have no report yet, or the client does not read its reports, nothing more is read.
 */
import { once } from 'node:events';
import type { Request, Response } from 'express';
import { JsonObjects } from './json-objects.js';
import { failureOf } from './rest-producer.js';

const underWayBytesMax = 4 * 1024 * 1024;
/** A client that sends nothing for so long is cut off, ms. */
const silenceMsMax = 300_000;

interface Portion {
  readonly bytes: number;
  readonly done: Promise<void>;
}

/** `report` writes one record and gives its report; it never rejects. Resolves when the answer has ended. */
export async function answerRecords(
  request: Request,
  response: Response,
  report: (record: Buffer) => Promise<object>,
): Promise<void> {
  const objects = new JsonObjects();
  const underWay: Portion[] = [];
  let bytesUnderWay = 0;
  let last = Promise.resolve();
  const add = (reports: readonly Promise<object>[], bytes: number): void => {
    const before = last;
    last = before.then(async () => send(response, await Promise.all(reports)));
    underWay.push({ bytes, done: last });
    bytesUnderWay += bytes;
  };
  request.setTimeout(silenceMsMax, () => request.destroy());
  response.status(200).setHeader('Content-Type', 'application/json');
  try {
    for await (const chunk of request) {
      const bytes = asBuffer(chunk);
      const records = objects.take(bytes);
      if (records.length > 0) add(records.map(report), bytes.length);
      while (bytesUnderWay > underWayBytesMax) {
        const oldest = underWay.shift();
        await oldest?.done;
        bytesUnderWay -= oldest?.bytes ?? 0;
      }
    }
    objects.end();
  } catch (error) {
    // Where a record does not end as it should, nobody knows where the next one begins.
    if (!request.destroyed || request.complete) add([Promise.resolve(failureOf(error))], 0);
  }
  await last;
  request.setTimeout(0);
  response.end();
}

async function send(response: Response, reports: readonly object[]): Promise<void> {
  if (response.destroyed) return;
  const text = reports.map((report) => `${JSON.stringify(report)}\n`).join('');
  if (response.write(text)) return;
  await Promise.race([once(response, 'drain'), once(response, 'close')]);
}

function asBuffer(chunk: unknown): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
}
