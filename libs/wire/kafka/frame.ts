/**
 * Requests and answers as they lie in a frame: header, then body. Header versions follow from the API and its version; the
 * client id is never compact, and an ApiVersions answer always has the oldest header, so that a client can read it before
 * it knows what the other side speaks.
 */
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { apiOfKey } from './apis.js';
import { WireError, wireErrors } from './errors.js';
import type { Api, Decoded, Fields, Input } from './schema.js';

export interface RequestHeader {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  /** Where the body begins in the frame. */
  readonly bodyAt: number;
}

const apiVersionsKey = 18;
/** Metadata of a large cluster has several elements a partition; a broker is trusted with more than a client. */
const responseElementsMax = 16_000_000;
/** Encoding is synchronous, so one writer serves all connections of the thread. */
const writer = new ByteWriter();

/** A request with its size in front; the pieces follow each other. */
export function encodeRequest<Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  version: number,
  header: { readonly correlationId: number; readonly clientId: string | null },
  body: Input<Request>,
): Buffer[] {
  writer.begin();
  writer.int16(api.key);
  writer.int16(version);
  writer.int32(header.correlationId);
  writer.nullableString(header.clientId);
  if (version >= api.flexibleFrom) writer.int8(0);
  api.request.write(version, writer, body);
  return writer.finish();
}

/** An answer with its size in front; the pieces follow each other. */
export function encodeResponse<Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  version: number,
  correlationId: number,
  body: Input<Response>,
): Buffer[] {
  writer.begin();
  writer.int32(correlationId);
  if (hasTaggedResponseHeader(api, version)) writer.int8(0);
  api.response.write(version, writer, body);
  return writer.finish();
}

/** Reads the header of a frame without its size. Of an unknown API only the part all headers share is read. */
export function decodeRequestHeader(frame: Buffer): RequestHeader {
  const reader = new ByteReader(frame);
  const apiKey = reader.int16();
  const apiVersion = reader.int16();
  const correlationId = reader.int32();
  const clientId = reader.nullableText(reader.stringLength());
  const api = apiOfKey(apiKey);
  if (api !== null && apiVersion >= api.flexibleFrom) reader.skipTags();
  return { apiKey, apiVersion, correlationId, clientId, bodyAt: reader.at };
}

/** Throws a WireError for a version we do not have and for bytes that do not decode. */
export function decodeRequest<Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  version: number,
  frame: Buffer,
  bodyAt: number,
): Decoded<Request> {
  checkVersion(api, version);
  return api.request.read(version, new ByteReader(frame, bodyAt));
}

/** Reads a frame without its size. Throws as `decodeRequest`. */
export function decodeResponse<Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  version: number,
  frame: Buffer,
): { correlationId: number; body: Decoded<Response> } {
  checkVersion(api, version);
  const reader = new ByteReader(frame, 0, frame.length, responseElementsMax);
  const correlationId = reader.int32();
  if (hasTaggedResponseHeader(api, version)) reader.skipTags();
  return { correlationId, body: api.response.read(version, reader) };
}

/** Of ApiVersions never: the client reads the answer before it knows our versions. */
function hasTaggedResponseHeader(api: Pick<Api, 'key' | 'flexibleFrom'>, version: number): boolean {
  return version >= api.flexibleFrom && api.key !== apiVersionsKey;
}

function checkVersion(api: Pick<Api, 'name' | 'minVersion' | 'maxVersion'>, version: number): void {
  if (version < api.minVersion || version > api.maxVersion) {
    throw new WireError(
      wireErrors.unsupportedVersion,
      `${api.name} version ${version} is not between ${api.minVersion} and ${api.maxVersion}`,
    );
  }
}
