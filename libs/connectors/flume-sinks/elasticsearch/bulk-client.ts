/** Elasticsearch's and OpenSearch's `_bulk` over HTTP: many documents in a request, an answer for each. */
import { FatalSinkError, RetriableSinkError } from '#pipeline/errors';
import { messageOf } from '#std/errors';

export interface BulkDocument {
  readonly index: string;
  /** Makes a second try harmless. */
  readonly id: string;
  /** JSON. */
  readonly source: string;
}

export interface RefusedDocument {
  readonly position: number;
  readonly reason: string;
}

export interface BulkOptions {
  /** `http://host:9200` each; the next one is taken when one does not answer. */
  readonly urls: readonly string[];
  readonly user: string | null;
  readonly password: string | null;
  readonly timeoutMs: number;
}

interface BulkItem {
  readonly status: number;
  readonly reason: string;
}

const conflict = 409;
const reasonLengthMax = 300;

export class BulkClient {
  private active = 0;

  constructor(private readonly options: BulkOptions) {}

  /**
   * Gives the documents that will never be taken. Rejects with a RetriableSinkError where some were not taken now: the same call again is
   * right then, as those that were taken are known by their ids.
   */
  async index(documents: readonly BulkDocument[]): Promise<readonly RefusedDocument[]> {
    const body = documents.map(
      ({ index, id, source }) => `${JSON.stringify({ create: { _index: index, _id: id } })}\n${source}\n`,
    );
    const items = readItems(await this.post('/_bulk', body.join('')));
    if (items.length !== documents.length) {
      throw new RetriableSinkError(`_bulk answered for ${items.length} of ${documents.length} documents.`);
    }
    const busy = items.find(({ status }) => status === 429 || status >= 500);
    if (busy !== undefined)
      throw new RetriableSinkError(`Documents were not taken now (${busy.status}): ${busy.reason}`);
    return items.flatMap(({ status, reason }, position) =>
      status < 300 || status === conflict ? [] : [{ position, reason: `${status}: ${reason}` }],
    );
  }

  private async post(path: string, body: string): Promise<unknown> {
    const { urls, user, password, timeoutMs } = this.options;
    const headers: Record<string, string> = { 'Content-Type': 'application/x-ndjson' };
    if (user !== null)
      headers['Authorization'] = `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}`;
    let failure: unknown = null;
    for (let attempt = 0; attempt < urls.length; attempt += 1) {
      const url = `${urls[this.active] ?? ''}${path}`;
      try {
        const answer = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(timeoutMs) });
        const text = await answer.text();
        if (answer.ok) return JSON.parse(text);
        const message = `${url} answered ${answer.status}: ${text.slice(0, reasonLengthMax)}`;
        if (answer.status === 401 || answer.status === 403) throw new FatalSinkError(message);
        failure = new RetriableSinkError(message);
      } catch (error) {
        if (error instanceof FatalSinkError) throw error;
        failure = error;
      }
      this.active = (this.active + 1) % urls.length;
    }
    throw new RetriableSinkError(`No node took the documents: ${messageOf(failure)}`, { cause: failure });
  }
}

function readItems(answer: unknown): BulkItem[] {
  const items = field(answer, 'items');
  if (!Array.isArray(items)) return [];
  return items.map((item: unknown) => {
    const result = field(item, 'create');
    const status = Number(field(result, 'status'));
    return { status, reason: JSON.stringify(field(result, 'error') ?? '').slice(0, reasonLengthMax) };
  });
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
