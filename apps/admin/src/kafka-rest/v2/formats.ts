/** The embedded formats of REST Proxy v2, which are part of its media types. */
import type { Request, Response } from 'express';
import { DetailedHttpError } from '#nest/error-answer';
import { restProxyV2 } from '#nest/media-types';
import { fromBase64 } from '../record-forms.js';

export const recordFormats = ['binary', 'json'] as const;
export type RecordFormat = (typeof recordFormats)[number];

/** Of a body to be written: binary unless its media type says otherwise. Throws 415 for formats with schemas. */
export function formatOfBody(request: Request): RecordFormat {
  if (request.is(restProxyV2.json) !== false) return 'json';
  if (request.is([restProxyV2.binary, restProxyV2.control, 'application/json']) !== false) return 'binary';
  throw new DetailedHttpError(
    415,
    `Records as ${request.headers['content-type']} need a schema registry, and there is none here. Send ${restProxyV2.json} or ${restProxyV2.binary}.`,
  );
}

/** Throws 40601 where the client does not take what the instance was made for. */
export function checkFormat(request: Request, format: RecordFormat): void {
  if (request.accepts([restProxyV2[format], 'application/json']) !== false) return;
  throw new DetailedHttpError(
    40_601,
    `The consumer was created with the format ${format}: accept ${restProxyV2[format]}.`,
  );
}

/** Answers in the media type that the client prefers. */
export function sendV2(request: Request, response: Response, body: unknown, type: string = restProxyV2.control): void {
  const accepted = request.accepts([type, 'application/json']);
  const text = JSON.stringify(body);
  response.setHeader('Content-Type', accepted === false ? type : accepted);
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.end(text);
}

/** The bytes of a key or a value. Throws 422 for what is not in the format. */
export function bytesOfValue(format: RecordFormat, value: unknown, part: string): Buffer | null {
  if (value === null || value === undefined) return null;
  if (format === 'json') return Buffer.from(JSON.stringify(value));
  if (typeof value !== 'string') {
    throw new DetailedHttpError(422, `The ${part} must be a text in base64; send JSON as ${restProxyV2.json}.`);
  }
  return fromBase64(value, part);
}

/** How a key or a value is shown. Throws 50002 where it is not JSON and was asked for as such. */
export function shownValue(format: RecordFormat, bytes: Buffer | null, place: string): unknown {
  if (bytes === null) return null;
  if (format === 'binary') return bytes.toString('base64');
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new DetailedHttpError(
      50_002,
      `${place} is not JSON. Read with a consumer of the format binary, or go past it by /positions.`,
    );
  }
}
