/** Elasticsearch's and OpenSearch's `_bulk` and what goes with it, over HTTP: many documents in a request, an answer for each. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { retryAfterMs, type HttpClient, type HttpResult } from '#net/http-client';
import { FatalSinkError, RetriableSinkError } from '#pipeline/errors';
import type { Clock } from '#std/clock';
import { messageOf, MillraceError } from '#std/errors';
import { callFailure } from '../over-http/call-failure.js';

export interface BulkAction {
  readonly kind: 'index' | 'create' | 'update' | 'delete';
  readonly index: string;
  /** Null: the server makes one up. */
  readonly id: string | null;
  /** External: the server keeps the highest it has seen. Null: none. */
  readonly version: string | null;
  /** JSON in one line: a document, or what an update says; null for `delete`. */
  readonly source: Buffer | null;
}

export interface BulkItem {
  readonly status: number;
  /** `mapper_parsing_exception`; empty where there was no error. */
  readonly type: string;
  readonly reason: string;
}

export interface BulkClientOptions {
  readonly client: HttpClient;
  readonly clock: Clock;
  /** Each node, without a path at the end; the next one is taken when one does not answer. */
  readonly urls: readonly string[];
  /** Authorization and whatever else. */
  readonly headers: Readonly<Record<string, string>>;
  readonly compress?: boolean;
  /** Ingest pipeline. */
  readonly pipeline?: string | null;
}

/** The server does not take requests of this size. */
export class TooLargeError extends Error {}

/** The server refuses the request as a whole (400), which one of its documents must be at fault for. */
export class RefusedBulkError extends Error {}

const zipped = promisify(gzip);
const reasonLengthMax = 300;
const newline = Buffer.from('\n');
const answerFields = 'errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason';

export class BulkClient {
  private active = 0;

  constructor(private readonly options: BulkClientOptions) {}

  /**
   * An answer for each action, in their order. Throws RetriableSinkError, FatalSinkError, TooLargeError or RefusedBulkError where the request
   * as a whole was not taken.
   */
  async bulk(actions: readonly BulkAction[]): Promise<readonly BulkItem[]> {
    const { pipeline, compress = false } = this.options;
    const lines: Buffer[] = [];
    for (const action of actions) {
      lines.push(Buffer.from(`${actionLine(action)}\n`));
      if (action.source !== null) lines.push(action.source, newline);
    }
    const body = Buffer.concat(lines);
    const query = pipeline === undefined || pipeline === null ? '' : `&pipeline=${encodeURIComponent(pipeline)}`;
    const answer = await this.ask('POST', `/_bulk?filter_path=${answerFields}${query}`, {
      body: compress ? await zipped(body, { level: 3 }) : body,
      headers: { 'Content-Type': 'application/x-ndjson', ...(compress ? { 'Content-Encoding': 'gzip' } : {}) },
    });
    if (answer.status === 413) throw new TooLargeError(said('_bulk', answer));
    if (answer.status === 400) throw new RefusedBulkError(said('_bulk', answer));
    this.requireSuccess('_bulk', answer);
    const items = readItems(answer.body);
    if (items.length !== actions.length) {
      throw new RetriableSinkError(`_bulk was answered for ${items.length} of ${actions.length} documents.`);
    }
    return items;
  }

  /** Whether there is an index, alias or data stream of the name. */
  async exists(index: string): Promise<boolean> {
    const answer = await this.ask('HEAD', `/${encodeURIComponent(index)}`, {});
    if (answer.status !== 404) this.requireSuccess(index, answer);
    return answer.status !== 404;
  }

  /** Makes an index; fine where it is there by now. `body` is JSON with settings and mappings. */
  async create(index: string, body: string): Promise<void> {
    const request = { body: Buffer.from(body), headers: { 'Content-Type': 'application/json' } };
    const answer = await this.ask('PUT', `/${encodeURIComponent(index)}`, request);
    const isThere = answer.status === 400 && answer.body.includes('resource_already_exists_exception');
    if (answer.status === 400 && !isThere)
      throw new FatalSinkError(`The index ${index} cannot be made: ${said(index, answer)}.`);
    if (!isThere) this.requireSuccess(`PUT ${index}`, answer);
  }

  /** Throws where what answers is neither Elasticsearch nor OpenSearch, or does not let the user in. */
  async requireServer(): Promise<void> {
    const answer = await this.ask('GET', '/', {});
    this.requireSuccess('/', answer);
    if (typeof field(field(parsed(answer.body), 'version'), 'number') === 'string') return;
    throw new FatalSinkError('The server says no version: it is neither Elasticsearch nor OpenSearch.');
  }

  private requireSuccess(what: string, answer: HttpResult): void {
    const { status } = answer;
    if (status >= 200 && status < 300) return;
    const message = said(what, answer);
    const isBlock = answer.body.includes('cluster_block_exception');
    if (status === 429 || status >= 500 || status === 408 || isBlock) {
      throw new RetriableSinkError(message, {
        retryAfterMs: retryAfterMs(answer.headers, this.options.clock.now()) ?? undefined,
      });
    }
    const hint = status === 401 || status === 403 ? '. See connection.username and connection.password' : '';
    throw new FatalSinkError(message + hint);
  }

  /** Of the first node that answers. */
  private async ask(
    method: string,
    path: string,
    request: { body?: Buffer; headers?: Record<string, string> },
  ): Promise<HttpResult> {
    const { urls, client, headers } = this.options;
    let failure: unknown = null;
    for (let attempt = 0; attempt < urls.length; attempt += 1) {
      const node = this.active % urls.length;
      try {
        const answer = await client.call({
          method,
          url: new URL(`${urls[node]}${path}`),
          headers: { ...request.headers, ...headers },
          ...(request.body === undefined ? {} : { body: request.body }),
        });
        // A node that is shutting down, or a proxy before one that is away.
        const isAway = answer.status === 502 || answer.status === 503;
        if (!isAway || attempt === urls.length - 1) return answer;
      } catch (error) {
        if (!(error instanceof MillraceError) || !error.retriable) throw callFailure(error);
        failure = error;
      }
      // Others that fail at the same time go to the same next one.
      if (this.active % urls.length === node) this.active = node + 1;
    }
    throw new RetriableSinkError(`No node answered: ${messageOf(failure)}`, { cause: failure });
  }
}

function actionLine({ kind, index, id, version }: BulkAction): string {
  const meta: Record<string, unknown> = { _index: index };
  if (id !== null) meta['_id'] = id;
  if (version !== null) {
    meta['version'] = JSON.rawJSON(version);
    meta['version_type'] = 'external';
  }
  if (kind === 'update') meta['retry_on_conflict'] = 5;
  return JSON.stringify({ [kind]: meta });
}

function readItems(body: Buffer): BulkItem[] {
  const items = field(parsed(body), 'items');
  if (!Array.isArray(items)) return [];
  return items.map((item: unknown) => {
    const result =
      typeof item === 'object' && item !== null ? Object.values(item as Record<string, unknown>)[0] : undefined;
    const error = field(result, 'error');
    const type = field(error, 'type');
    const cause = field(field(error, 'caused_by'), 'reason');
    const reasons = [field(error, 'reason'), cause].filter((reason) => typeof reason === 'string');
    return {
      status: Number(field(result, 'status')),
      type: typeof type === 'string' ? type : '',
      reason: reasons.join(': ').slice(0, reasonLengthMax),
    };
  });
}

function said(what: string, { status, body }: HttpResult): string {
  const error = field(parsed(body), 'error');
  const reason = field(error, 'reason') ?? error;
  const text = typeof reason === 'string' ? reason : body.subarray(0, reasonLengthMax).toString();
  return `${what} was answered ${status}${text === '' ? '' : `: ${text.slice(0, reasonLengthMax)}`}`;
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return null;
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
