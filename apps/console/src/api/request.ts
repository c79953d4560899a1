/** One place in what was sent that is wrong: a JSON pointer, and why. */
export interface FieldProblem {
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
}

/** A refusal of the server (RFC 9457), or no answer at all (`status` 0). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    message: string,
    readonly status: number,
    /** Stable: `control.connector.unknown`. */
    readonly code: string,
    readonly retryable: boolean,
    readonly fields: readonly FieldProblem[] = [],
  ) {
    super(message);
  }
}

export interface RequestOptions {
  readonly query?: Readonly<Record<string, QueryValue>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as `text/plain` instead of `body`. */
  readonly text?: string;
  /** Content type of `body`. Default `application/json`. */
  readonly contentType?: string;
  /** Revision that must still be the newest: the `ETag` of an earlier answer. */
  readonly ifMatch?: string;
  readonly signal?: AbortSignal;
}

export type QueryValue = string | number | boolean | null | undefined | readonly string[];

export interface Answer<T> {
  readonly body: T;
  /** `If-Match` of a change to what was read. */
  readonly etag: string | null;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** The body of the answer. Throws `ApiError`. */
export async function request<T>(method: Method, path: string, options: RequestOptions = {}): Promise<T> {
  return (await requestWithTag<T>(method, path, options)).body;
}

/** As `request`, with the revision that a later change names. */
export async function requestWithTag<T>(
  method: Method,
  path: string,
  options: RequestOptions = {},
): Promise<Answer<T>> {
  const response = await send(method, path, options);
  const text = await response.text();
  const body: unknown = text === '' ? null : isJson(response) ? JSON.parse(text) : text;
  return { body: body as T, etag: response.headers.get('etag') };
}

/** Objects of an NDJSON answer as they come; stop by `options.signal`. Throws `ApiError` before the first one. */
export async function* requestLines<T>(
  method: Method,
  path: string,
  options: RequestOptions = {},
): AsyncGenerator<T, void, undefined> {
  const response = await send(method, path, options, 'application/x-ndjson');
  if (response.body === null) return;
  let rest = '';
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield JSON.parse(line) as T;
  }
  if (rest.trim() !== '') yield JSON.parse(rest) as T;
}

/** The answer itself, for downloads and streams. Throws `ApiError` where it is not a 2xx. */
export async function send(
  method: Method,
  path: string,
  options: RequestOptions = {},
  accept = 'application/json',
): Promise<Response> {
  const response = await fetch(urlOf(path, options.query), {
    method,
    headers: headersOf(options, accept),
    body: options.text ?? (options.body === undefined ? null : JSON.stringify(options.body)),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  }).catch((error: unknown) => {
    if (options.signal?.aborted === true) throw error;
    throw new ApiError(
      'The server does not answer. It may be restarting; this page goes on by itself.',
      0,
      'away',
      true,
    );
  });
  if (response.ok) return response;
  const error = await refusal(response);
  if (error.status === 401) window.dispatchEvent(new Event(loginNeeded));
  throw error;
}

/** Event of the window: the server wants a login. */
export const loginNeeded = 'millrace:login-needed';

export function urlOf(path: string, query: RequestOptions['query'] = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === '') continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  return search.size === 0 ? path : `${path}?${search.toString()}`;
}

function headersOf(options: RequestOptions, accept: string): Record<string, string> {
  const type = options.text !== undefined ? 'text/plain' : (options.contentType ?? 'application/json');
  const hasBody = options.text !== undefined || options.body !== undefined;
  return {
    Accept: accept,
    ...(hasBody ? { 'Content-Type': type } : {}),
    ...(options.ifMatch === undefined ? {} : { 'If-Match': options.ifMatch }),
  };
}

interface Problem {
  readonly detail?: string;
  readonly message?: string;
  readonly code?: string;
  readonly retryable?: boolean;
  readonly errors?: readonly FieldProblem[];
}

async function refusal(response: Response): Promise<ApiError> {
  const text = await response.text();
  let problem: Problem = {};
  if (isJson(response)) {
    try {
      problem = JSON.parse(text) as Problem;
    } catch {
      // A proxy in between cut it: the status says enough.
    }
  }
  return new ApiError(
    problem.detail ?? problem.message ?? `The server answered ${response.status} ${response.statusText}.`,
    response.status,
    problem.code ?? `http.${response.status}`,
    problem.retryable ?? false,
    problem.errors,
  );
}

function isJson(response: Response): boolean {
  return /json/.test(response.headers.get('content-type') ?? '');
}
