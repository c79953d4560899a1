/**
 * Signed requests to S3 over kept connections. Plain `node:http`: the path of a key goes out as it was signed, also where it holds `..`,
 * which a `URL` would resolve.
 */
import * as http from 'node:http';
import * as https from 'node:https';
import type { LookupFunction } from 'node:net';
import { messageOf } from '#std/errors';
import { S3Error, s3ErrorKind, s3Errors } from './s3-errors.js';
import { amzDate, authorizationV4, encodedKey, queryText, sha256, type AwsCredentials } from './signature-v4.js';
import { childText, readXml, type XmlElement } from './xml-reader.js';

export interface S3Options {
  /** `https://s3.eu-west-1.amazonaws.com`, or any other server's address, without the bucket. */
  readonly endpoint: URL;
  readonly region: string;
  readonly bucket: string;
  /** The bucket is the first part of the path, in place of the first part of the host's name. */
  readonly isPathStyle: boolean;
  readonly credentials: AwsCredentials;
  /** Milliseconds since the epoch; S3 takes requests within 15 minutes of its own clock. */
  readonly now: () => number;
  /** Without a byte in either direction; default 60,000 ms. */
  readonly idleTimeoutMs?: number;
  /** Finds the address of a host; default: the system's way. */
  readonly lookup?: LookupFunction;
}

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Empty for the bucket itself. */
  readonly key: string;
  readonly query?: readonly (readonly [string, string])[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

const connectionsMax = 8;
const idleTimeoutMsDefault = 60_000;
/** Shorter than servers keep an unused connection, so that none is used that is just being closed. */
const unusedMsMax = 4000;
const errorBytesMax = 64 * 1024;
const errorTextMax = 500;

export class S3Exchange {
  private readonly agent: http.Agent;
  private readonly host: string;
  private readonly pathBefore: string;

  constructor(private readonly options: S3Options) {
    const { endpoint, bucket, isPathStyle } = options;
    const settings = { keepAlive: true, maxSockets: connectionsMax, timeout: unusedMsMax };
    this.agent = endpoint.protocol === 'https:' ? new https.Agent(settings) : new http.Agent(settings);
    this.host = isPathStyle ? endpoint.host : `${bucket}.${endpoint.host}`;
    this.pathBefore = endpoint.pathname.replace(/\/+$/, '') + (isPathStyle ? `/${encodedKey(bucket)}` : '');
  }

  close(): void {
    this.agent.destroy();
  }

  /** The answer, when it is a success; its body must be read or destroyed. Throws an `S3Error` otherwise. */
  async send(request: S3Request): Promise<http.IncomingMessage> {
    const what = this.describe(request);
    let answer: http.IncomingMessage;
    try {
      answer = await this.ask(request);
    } catch (cause) {
      throw new S3Error(s3Errors.away, `No answer from ${this.host} to ${what}: ${messageOf(cause)}`, { cause });
    }
    const { statusCode: status = 0 } = answer;
    if (status >= 200 && status < 300) return answer;
    const text = await readText(answer, errorBytesMax).catch(() => '');
    throw this.refusal(what, status, errorOf(text), answer.headers['x-amz-bucket-region']);
  }

  /** An answer of XML; its root. */
  async document(request: S3Request, bytesMax: number): Promise<XmlElement> {
    const what = this.describe(request);
    const answer = await this.send(request);
    let text: string;
    try {
      text = await readText(answer, bytesMax);
    } catch (cause) {
      throw new S3Error(s3Errors.away, `The answer to ${what} broke off: ${messageOf(cause)}`, { cause });
    }
    let root: XmlElement;
    try {
      root = readXml(text);
    } catch (cause) {
      throw new S3Error(s3Errors.busy, `The answer to ${what} is none of S3: ${messageOf(cause)}`, { cause });
    }
    // A long copy answers with success first, and may fail afterwards.
    if (root.name === 'Error') throw this.refusal(what, answer.statusCode ?? 0, root, undefined);
    return root;
  }

  /** `GET s3://bucket/key`. */
  describe({ method, key }: S3Request): string {
    return `${method} s3://${this.options.bucket}/${key}`;
  }

  private async ask(request: S3Request): Promise<http.IncomingMessage> {
    const { endpoint, credentials, region, now, lookup, idleTimeoutMs = idleTimeoutMsDefault } = this.options;
    const { method, key, query = [], body } = request;
    const bodyHash = sha256(body ?? '');
    const path = `${this.pathBefore}/${encodedKey(key)}`;
    const headers: Record<string, string> = {
      ...request.headers,
      host: this.host,
      'x-amz-content-sha256': bodyHash,
      'x-amz-date': amzDate(now()),
      ...(credentials.sessionToken === null ? {} : { 'x-amz-security-token': credentials.sessionToken }),
    };
    const scope = { region, service: 's3' };
    headers['authorization'] = authorizationV4({ method, path, query, headers, bodyHash }, scope, credentials);
    if (body !== undefined) headers['content-length'] = String(body.length);
    const { hostname, port } = new URL(`${endpoint.protocol}//${this.host}`);
    return await new Promise((resolve, reject) => {
      const sent = (endpoint.protocol === 'https:' ? https : http).request(
        {
          method,
          hostname: hostname.replace(/^\[|\]$/g, ''),
          port,
          path: query.length === 0 ? path : `${path}?${queryText(query)}`,
          headers,
          agent: this.agent,
          timeout: idleTimeoutMs,
          lookup,
        },
        resolve,
      );
      sent.on('timeout', () => sent.destroy(new Error(`nothing came or went for ${idleTimeoutMs} ms`)));
      sent.on('error', reject);
      sent.end(body);
    });
  }

  private refusal(what: string, status: number, error: XmlElement | null, region: string | string[] | undefined) {
    const s3Code = error === null ? null : childText(error, 'Code');
    const said = (error === null ? null : childText(error, 'Message')) ?? http.STATUS_CODES[status] ?? '';
    const home = (error === null ? null : childText(error, 'Region')) ?? region;
    const hint = typeof home === 'string' && home !== this.options.region ? ` The bucket is in region ${home}.` : '';
    const text = `S3 answered ${what} with ${status}${s3Code === null ? '' : ` ${s3Code}`}: ${said}`;
    return new S3Error(s3ErrorKind(status, s3Code), this.withoutSecrets(text.slice(0, errorTextMax)) + hint, {
      s3Code,
    });
  }

  /** A server may repeat in its message what it was sent. */
  private withoutSecrets(text: string): string {
    const { secretAccessKey, sessionToken } = this.options.credentials;
    return [secretAccessKey, sessionToken ?? '']
      .filter((secret) => secret !== '')
      .reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
  }
}

async function readText(answer: http.IncomingMessage, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Error(`it is over ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Null where a proxy answered, or nothing was said, as to HEAD. */
function errorOf(text: string): XmlElement | null {
  try {
    return readXml(text);
  } catch {
    return null;
  }
}
