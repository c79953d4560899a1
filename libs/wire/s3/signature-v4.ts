/**
 * AWS Signature Version 4 of a request, in its `Authorization` header: a canonical text of the request is hashed, and the hash signed
 * with a key derived from the secret for one day, region and service.
 *
 * Source: AWS General Reference, "Signing AWS API requests"; the paths of S3 are signed as they are sent, neither normalised nor encoded twice.
 */
import { createHash, createHmac } from 'node:crypto';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. Null for lasting ones. */
  readonly sessionToken: string | null;
}

export interface SignableRequest {
  readonly method: string;
  /** As in the request line, encoded, without the query. */
  readonly path: string;
  /** Names and values, not encoded. */
  readonly query: readonly (readonly [string, string])[];
  /** All that are signed; `host` and `x-amz-date` are among them. */
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body in hexadecimal digits. */
  readonly bodyHash: string;
}

export interface SigningScope {
  readonly region: string;
  /** `s3`. */
  readonly service: string;
}

const algorithm = 'AWS4-HMAC-SHA256';

/** The value of the `Authorization` header. */
export function authorizationV4(
  request: SignableRequest,
  { region, service }: SigningScope,
  credentials: AwsCredentials,
): string {
  const headers = Object.entries(request.headers)
    .map(([name, value]) => [name.toLowerCase(), value.trim().replace(/ +/g, ' ')] as const)
    .toSorted(([left], [right]) => compare(left, right));
  const signedHeaders = headers.map(([name]) => name).join(';');
  const date = headers.find(([name]) => name === 'x-amz-date')?.[1] ?? '';
  const canonical = [
    request.method,
    request.path,
    queryText(request.query),
    ...headers.map(([name, value]) => `${name}:${value}`),
    '',
    signedHeaders,
    request.bodyHash,
  ].join('\n');
  const scope = [date.slice(0, 8), region, service, 'aws4_request'];
  const toSign = [algorithm, date, scope.join('/'), sha256(canonical)].join('\n');
  let key: string | Buffer = `AWS4${credentials.secretAccessKey}`;
  for (const part of scope) key = createHmac('sha256', key).update(part).digest();
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  return `${algorithm} Credential=${credentials.accessKeyId}/${scope.join('/')}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
}

/** A query as it is sent and signed: encoded, in order of its names. */
export function queryText(query: SignableRequest['query']): string {
  return query
    .map(([name, value]) => [encoded(name), encoded(value)] as const)
    .toSorted((left, right) => compare(left[0], right[0]) || compare(left[1], right[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** The key of an object as it is sent and signed: all but unreserved characters and slashes encoded. */
export function encodedKey(key: string): string {
  return key.split('/').map(encoded).join('/');
}

export function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** `20150830T123600Z`. */
export function amzDate(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '');
}

function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** By code units, as no locale does. */
function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
