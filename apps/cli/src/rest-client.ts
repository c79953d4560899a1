import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { countOf, type CommandInput } from './command.js';
import { CommandError, exitCodeOfStatus, exitCodes } from './exit-codes.js';

/** Pages that are followed for one list, of up to 1000 items each. */
const pagesMax = 100;

const problem = z.looseObject({
  detail: z.string().optional(),
  message: z.string().optional(),
  errors: z.array(z.looseObject({ pointer: z.string().optional(), message: z.string().optional() })).optional(),
});
const page = z.looseObject({
  metadata: z.looseObject({ next: z.string().nullish() }).optional(),
  data: z.array(z.unknown()),
});

export interface RestAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** JSON as it came; null where there was no body. */
  readonly body: unknown;
}

/** A refusal, in the server's own words. */
export class RestError extends CommandError {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(exitCodeOfStatus(status), message);
  }
}

/** Calls the REST administration; a refusal becomes an error with the server's own sentence. */
export class RestClient {
  constructor(
    readonly url: string,
    private readonly options: { readonly apiKey?: string | null; readonly timeoutMs?: number } = {},
  ) {}

  async get(path: string): Promise<unknown> {
    return (await this.request('GET', path)).body;
  }

  /** Null where there is no such thing. */
  async find(path: string): Promise<RestAnswer | null> {
    try {
      return await this.request('GET', path);
    } catch (error) {
      if (error instanceof RestError && error.status === 404) return null;
      throw error;
    }
  }

  /** All items of a list, page by page. */
  async list(path: string): Promise<unknown[]> {
    const items: unknown[] = [];
    let next: string | null = path;
    for (let count = 0; next !== null && count < pagesMax; count += 1) {
      const { metadata, data } = page.parse(await this.get(next));
      items.push(...data);
      // The path only: behind a proxy the server does not know its own name.
      const following = metadata?.next ?? null;
      next = following === null ? null : pathOf(following);
    }
    return items;
  }

  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    return (await this.request(method, path, { body })).body;
  }

  async request(
    method: string,
    path: string,
    given: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<RestAnswer> {
    const response = await this.send(method, path, given);
    const text = await this.patiently(path, () => response.text());
    if (!response.ok) throw this.refusal(`${method} ${path}`, response.status, text);
    const type = response.headers.get('content-type') ?? '';
    const body: unknown = text === '' ? null : type.includes('json') ? JSON.parse(text) : text;
    return { status: response.status, headers: response.headers, body };
  }

  /** The answer as it comes, for streams; ends when `signal` aborts. */
  async stream(path: string, accept: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const response = await this.send('GET', path, { headers: { accept }, signal });
    if (!response.ok || response.body === null) {
      throw this.refusal(`GET ${path}`, response.status, await response.text());
    }
    return response.body;
  }

  private async send(
    method: string,
    path: string,
    given: {
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
      readonly signal?: AbortSignal;
    },
  ): Promise<Response> {
    const { body } = given;
    const { apiKey } = this.options;
    const isText = typeof body === 'string';
    const headers = {
      ...(body === undefined ? {} : { 'content-type': isText ? 'text/plain' : 'application/json' }),
      ...(apiKey === undefined || apiKey === null ? {} : { authorization: `ApiKey ${apiKey}` }),
      ...given.headers,
    };
    return this.patiently(path, () =>
      fetch(new URL(path, this.url), {
        method,
        headers,
        signal: given.signal ?? AbortSignal.timeout(this.options.timeoutMs ?? 30_000),
        ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
      }),
    );
  }

  private async patiently<T>(path: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof Error && error.name === 'AbortError') throw error;
      if (error instanceof Error && error.name === 'TimeoutError') {
        const seconds = (this.options.timeoutMs ?? 30_000) / 1000;
        throw new CommandError(
          exitCodes.timedOut,
          `${this.url} gave no answer for ${path} in ${seconds} s (--timeout).`,
        );
      }
      throw new CommandError(
        exitCodes.failed,
        `Nothing answers at ${this.url}. Is it running ("millrace up"), and is --url right?`,
        { cause: error },
      );
    }
  }

  private refusal(what: string, status: number, text: string): RestError {
    const hint = status === 401 ? ` Give --api-key or a context with one ("millrace context add").` : '';
    return new RestError(status, `${what} was refused (${status}): ${sentenceOf(text)}${hint}`);
  }
}

/** By the flags `url`, `api-key` and `timeout`. */
export function restClient(input: CommandInput): RestClient {
  const url = input.text('url') ?? '';
  if (!URL.canParse(url)) throw new CommandError(exitCodes.usage, `--url must be a URL, and is "${url}"`);
  const key = input.text('api-key');
  const timeout = countOf(input, 'timeout');
  return new RestClient(url, {
    apiKey: key?.startsWith('@') === true ? readFileSync(key.slice(1), 'utf8').trim() : key,
    timeoutMs: (timeout === null || timeout === 0 ? 30 : timeout) * 1000,
  });
}

function pathOf(href: string): string {
  const { pathname, search } = new URL(href, 'http://localhost');
  return pathname + search;
}

/** What the server says, with each place of the body that is wrong on a line of its own. */
function sentenceOf(text: string): string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return text;
  }
  const parsed = problem.safeParse(json);
  if (!parsed.success) return text;
  const { detail, message, errors = [] } = parsed.data;
  const said = detail ?? message ?? text;
  const places = errors
    .filter((each) => each.message !== undefined && !said.includes(each.message))
    .map((each) => `\n  ${each.pointer ?? ''}: ${each.message ?? ''}`);
  return said + places.join('');
}
