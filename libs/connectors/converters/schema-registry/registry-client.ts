import { retryAfterMs, type HttpClient, type HttpResult } from '#net/http-client';
import { FatalSinkError, RetriableSinkError } from '#pipeline/errors';
import type { Clock } from '#std/clock';
import { messageOf, MillraceError } from '#std/errors';

export interface RegistryEndpoint {
  /** Ends with a slash. */
  readonly url: URL;
  /** The header, or null. */
  readonly authorization: string | null;
}

export interface RegistryClientOptions {
  readonly http: HttpClient;
  readonly endpoints: readonly RegistryEndpoint[];
  readonly clock: Clock;
}

export interface RegisteredSchema {
  /** `AVRO`, `JSON` or `PROTOBUF`. */
  readonly kind: string;
  readonly text: string;
  /** What it refers to, by the names that it uses, each after those that it refers to itself. */
  readonly references: readonly ReferencedSchema[];
}

export interface ReferencedSchema {
  readonly name: string;
  readonly text: string;
}

/** So many schemas may refer to each other. */
const referencesMax = 200;

/**
 * Reads schemas by the REST API of Confluent's schema registry. Of several addresses the one that answered last is asked first. What does not
 * answer is a RetriableSinkError, a refused login a FatalSinkError.
 */
export class RegistryClient {
  private current = 0;

  constructor(private readonly options: RegistryClientOptions) {}

  close(): void {
    this.options.http.close();
  }

  /** Null where there is no schema of that id. */
  async schema(id: number): Promise<RegisteredSchema | null> {
    const answer = await this.get(`schemas/ids/${id}`);
    if (answer === null) return null;
    const references = new Map<string, ReferencedSchema>();
    await this.addReferences(answer, references);
    const kind = typeof answer['schemaType'] === 'string' ? answer['schemaType'] : 'AVRO';
    return { kind, text: textOf(answer['schema']), references: [...references.values()] };
  }

  private async addReferences(answer: Answer, known: Map<string, ReferencedSchema>): Promise<void> {
    const { references } = answer;
    for (const reference of Array.isArray(references) ? (references as unknown[]) : []) {
      if (!isAnswer(reference)) continue;
      const { name, subject, version } = reference;
      if (typeof name !== 'string' || typeof subject !== 'string' || known.has(name)) continue;
      if (known.size >= referencesMax) throw new FatalSinkError(`A schema refers to more than ${referencesMax} others`);
      const found = await this.get(`subjects/${encodeURIComponent(subject)}/versions/${String(version)}?deleted=true`);
      if (found === null)
        throw new FatalSinkError(`Version ${String(version)} of ${subject}, that a schema refers to, is missing`);
      await this.addReferences(found, known);
      known.set(name, { name, text: textOf(found['schema']) });
    }
  }

  /** Null where it is not found. */
  private async get(path: string): Promise<Answer | null> {
    const { endpoints, clock } = this.options;
    let failure: unknown = null;
    let waitMs: number | undefined;
    for (let attempt = 0; attempt < endpoints.length; attempt += 1) {
      const at = (this.current + attempt) % endpoints.length;
      const endpoint = endpoints[at];
      if (endpoint === undefined) continue;
      try {
        const result = await this.ask(endpoint, path);
        if (result.status < 500 && result.status !== 429 && result.status !== 408) {
          this.current = at;
          return read(result, new URL(path, endpoint.url));
        }
        failure = new Error(`${endpoint.url.host} answered ${result.status}: ${result.body.toString('utf8', 0, 300)}`);
        waitMs = retryAfterMs(result.headers, clock.now()) ?? undefined;
      } catch (error) {
        if (error instanceof MillraceError && !error.retriable) throw fatal(error);
        failure = error;
      }
    }
    throw new RetriableSinkError(`The schema registry does not answer: ${messageOf(failure)}`, {
      cause: failure,
      ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    });
  }

  private ask({ url, authorization }: RegistryEndpoint, path: string): Promise<HttpResult> {
    const accept = 'application/vnd.schemaregistry.v1+json, application/json';
    const headers: Record<string, string> = { Accept: accept };
    if (authorization !== null) headers['Authorization'] = authorization;
    return this.options.http.call({ method: 'GET', url: new URL(path, url), headers });
  }
}

type Answer = Readonly<Record<string, unknown>>;

function read(result: HttpResult, url: URL): Answer | null {
  const text = result.body.toString('utf8');
  const answer = parsed(text);
  const where = `${url.origin}${url.pathname}`;
  if (result.status === 404 && answer !== null && 'error_code' in answer) return null;
  if (result.status === 200 && answer !== null) return answer;
  if (result.status === 401 || result.status === 403) {
    throw new FatalSinkError(
      `The schema registry refused the login at ${where} (${result.status}): ${text.slice(0, 300)}`,
    );
  }
  throw new FatalSinkError(`${where} answered ${result.status}, which no schema registry does: ${text.slice(0, 300)}`);
}

function parsed(text: string): Answer | null {
  try {
    const answer: unknown = JSON.parse(text);
    return isAnswer(answer) ? answer : null;
  } catch {
    return null;
  }
}

function isAnswer(value: unknown): value is Answer {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new FatalSinkError('The schema registry answered without a schema');
}

function fatal(error: MillraceError): FatalSinkError {
  return error instanceof FatalSinkError ? error : new FatalSinkError(error.message, { cause: error });
}
