import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Clock } from '#std/clock';
import { messageOf, MillraceError } from '#std/errors';
import { securityErrors } from './errors.js';
import { parseKeySet, type WebKey } from './jwt.js';

export interface KeySetOptions {
  /** `file:///path`, `http://…` or `https://…`. */
  readonly url: string;
  /** Keys older than this are asked for again, ms. */
  readonly refreshMs: number;
  readonly clock: Clock;
}

const fetchTimeoutMs = 10_000;
const documentBytesMax = 1024 * 1024;
/** A key id that is not known makes us ask again, but not more often than this: ids cost an attacker nothing. */
const missRefreshMs = 10_000;

/**
 * The public keys that tokens are checked with, from a JWKS document. It is read at the first login and again when it is old, or
 * when a token names a key that it does not have. While it cannot be read, the keys known stay good.
 */
export class KeySet {
  private keys: readonly WebKey[] = [];
  private readAtMs = -Infinity;
  private reading: Promise<void> | null = null;

  constructor(private readonly options: KeySetOptions) {}

  /** Keys that may have signed a token that names key `id`. Throws `security.key_set.unreadable` while none was ever read. */
  async for(id: string | null): Promise<readonly WebKey[]> {
    const ageMs = this.options.clock.monotonic() - this.readAtMs;
    const isMissing = id !== null && !this.keys.some((key) => key.id === id);
    if (ageMs >= this.options.refreshMs || (isMissing && ageMs >= missRefreshMs)) await this.refresh();
    return this.keys;
  }

  /** One reading serves all who wait. */
  private refresh(): Promise<void> {
    this.reading ??= this.read().finally(() => (this.reading = null));
    return this.reading;
  }

  private async read(): Promise<void> {
    const { url, clock } = this.options;
    try {
      this.keys = parseKeySet(await load(url));
    } catch (error) {
      if (this.keys.length === 0) {
        throw new MillraceError(securityErrors.keySet, `The keys at ${withoutSecret(url)} cannot be read.`, {
          cause: error,
        });
      }
    }
    this.readAtMs = clock.monotonic();
  }
}

async function load(url: string): Promise<string> {
  if (url.startsWith('file:')) return readFile(fileURLToPath(url), 'utf8');
  const answer = await fetch(url, { signal: AbortSignal.timeout(fetchTimeoutMs) });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  const text = await answer.text();
  if (text.length > documentBytesMax) throw new Error(`more than ${documentBytesMax} bytes`);
  return text;
}

/** The address as it may be shown: without user, password and query. */
function withoutSecret(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    return `${protocol}//${host}${pathname}`;
  } catch (error) {
    return messageOf(error);
  }
}
