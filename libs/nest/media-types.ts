/** Which media types the bodies and the answers of a path have. */
import type { IncomingMessage } from 'node:http';

const json = 'application/json';
/** As REST Proxy v2 writes them: the format of the records is part of the name. */
export const restProxyV2 = {
  control: 'application/vnd.kafka.v2+json',
  json: 'application/vnd.kafka.json.v2+json',
  binary: 'application/vnd.kafka.binary.v2+json',
} as const;

const schemaTypes = ['avro', 'jsonschema', 'protobuf'].map((format) => `application/vnd.kafka.${format}.v2+json`);
const proxyPath = /^\/(?:topics|consumers|brokers)(?:$|\/)/;
const nativePath = /^\/api\/v1(?:$|\/)/;
const streamedPath = /^\/v3\/clusters\/[^/]+\/topics\/[^/]+\/records\/?$/;

const ofProxy = [restProxyV2.control, restProxyV2.json, restProxyV2.binary, ...schemaTypes, json];
/** Merge patches, flume.conf, records a line: what a route does not take it refuses itself. */
const ofNative = [json, 'application/*+json', 'text/plain', 'application/x-ndjson'];

/** REST Proxy v2, which has no version in its paths. */
export function isProxyV2Path(path: string): boolean {
  return proxyPath.test(path);
}

export function bodyTypesOf(path: string): string[] {
  if (proxyPath.test(path)) return ofProxy;
  return nativePath.test(path) ? ofNative : [json];
}

/** What the answers of a compatible path may be. */
export function acceptedTypes(path: string): string[] {
  return proxyPath.test(path) ? ofProxy : [json];
}

/** Whether the body is read by its route as it comes, without an end in sight. */
export function isStreamed(request: IncomingMessage): boolean {
  return request.method === 'POST' && streamedPath.test((request.url ?? '').replace(/\?.*$/s, ''));
}

const jsonType = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i;

/** Whether the body is to be parsed as JSON before its route runs. */
export function isParsed(request: IncomingMessage): boolean {
  return jsonType.test(request.headers['content-type'] ?? '') && !isStreamed(request);
}
