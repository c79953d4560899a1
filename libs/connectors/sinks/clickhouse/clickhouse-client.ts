import { HttpClient, retryAfterMs, type HttpResult } from '#net/http-client';
import { FatalSinkError, PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import type { Clock } from '#std/clock';
import { callFailure } from '../over-http/call-failure.js';
import { overHttpClient } from '../over-http/over-http-options.js';
import type { ClickHouseSettings } from './options.js';

const connectTimeoutMs = 10_000;
const messageCharsMax = 600;

/** Codes of ClickHouse (src/Common/ErrorCodes.cpp) that speak of the data. */
const poison = new Set([
  // cannot be parsed
  ...[6, 25, 26, 27, 38, 41, 72, 117, 130, 376, 441, 467, 675, 676, 691],
  // of another type, out of range, too large, null where there may be none, against a constraint
  ...[53, 69, 70, 131, 190, 349, 407, 469],
]);
/** Codes that time does not cure: no table, column, database, right; a statement or setting that the server does not know. */
const fatal = new Set([16, 36, 44, 46, 47, 48, 50, 60, 62, 81, 115, 164, 192, 193, 194, 195, 497, 516]);

/** ClickHouse by its HTTP interface: one statement a call, the data behind it. */
export class ClickHouseClient {
  private readonly client: HttpClient;

  constructor(
    private readonly settings: ClickHouseSettings,
    private readonly clock: Clock,
  ) {
    this.client = overHttpClient(settings.options, {
      clock,
      connectionsMax: 4,
      connectTimeoutMs,
      timeoutMs: settings.timeoutMs,
    });
  }

  close(): void {
    this.client.close();
  }

  /** Rows of a statement that ends with `FORMAT JSONCompactEachRow`. */
  async rows(sql: string): Promise<unknown[][]> {
    const text = await this.send(Buffer.from(sql), true);
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as unknown[]);
  }

  /** A statement, with data behind it where it is an insert. Throws what the runner understands. */
  async run(sql: string, data: Buffer | null = null): Promise<void> {
    const head = Buffer.from(sql);
    await this.send(data === null ? head : Buffer.concat([head, data]), false);
  }

  private async send(body: Buffer, repeatable: boolean): Promise<string> {
    const { database, username, password, url } = this.settings;
    const target = new URL(url);
    target.searchParams.set('database', database);
    // The server answers when it knows how the statement ended, and not with its first rows.
    target.searchParams.set('wait_end_of_query', '1');
    let result: HttpResult;
    try {
      result = await this.client.call({
        method: 'POST',
        url: target,
        headers: { 'x-clickhouse-user': username, 'x-clickhouse-key': password },
        body,
        repeatable,
      });
    } catch (error) {
      throw callFailure(error);
    }
    const text = result.body.toString('utf8');
    const code = codeOf(result, text);
    if (result.status === 200 && code === null) return text;
    throw this.refusal(result, code, text.trim().slice(0, messageCharsMax));
  }

  private refusal(result: HttpResult, code: number | null, text: string): Error {
    const message = `ClickHouse answered ${result.status}: ${text}`;
    if (code !== null && poison.has(code)) return new PoisonRecordError(message, rowOf(text));
    const denied = code === null && [400, 401, 403, 404].includes(result.status);
    if (denied || (code !== null && fatal.has(code))) return new FatalSinkError(message);
    const wait = retryAfterMs(result.headers, this.clock.now());
    return new RetriableSinkError(message, wait === null ? {} : { retryAfterMs: wait });
  }
}

/** An answer that began as a success may end with an exception. */
function codeOf({ headers, status }: HttpResult, text: string): number | null {
  const header = Number(headers['x-clickhouse-exception-code'] ?? 0);
  if (header !== 0) return header;
  const found = /(?:^|\n)Code: (\d+)\. DB::/.exec(text)?.[1];
  return found === undefined || (status === 200 && !text.includes('DB::Exception')) ? null : Number(found);
}

/** "(at row 3)", from 1. */
function rowOf(text: string): number | null {
  const row = /\(at row (\d+)\)/.exec(text)?.[1];
  return row === undefined ? null : Number(row) - 1;
}

/** A text as a literal. */
export function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** Safe in SQL whatever it holds. */
export function quoted(identifier: string): string {
  return `\`${identifier.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
}
