/** Delegation tokens: the one that calls to a secured HDFS carry, wherever it comes from. */
import { readFile, stat } from 'node:fs/promises';
import type { Clock } from '#std/clock';
import { messageOf } from '#std/errors';
import { hdfsErrors, HdfsError } from './hdfs-errors.js';
import { findHdfsToken } from './token-storage.js';

/** Where the token of a call comes from. */
export interface TokenSource {
  /** As `delegation=` takes it; secret. `base` is the address of the NameNode that is asked next. */
  current(base: string): Promise<string>;
  /** HDFS has refused this one. True where the next `current` may give another. */
  refused(token: string): boolean;
}

/** One that was given and stays. */
export function fixedToken(token: string): TokenSource {
  return { current: () => Promise.resolve(token), refused: () => false };
}

/**
 * One in a file that somebody else renews: a line of text, or Hadoop's token storage (`HADOOP_TOKEN_FILE_LOCATION`). Read anew when the file changes.
 */
export class TokenFile implements TokenSource {
  private token = '';
  private version = '';

  constructor(private readonly path: string) {}

  async current(): Promise<string> {
    try {
      const { mtimeMs, size, ino } = await stat(this.path);
      const version = `${mtimeMs}/${size}/${ino}`;
      if (version !== this.version) {
        this.token = findHdfsToken(await readFile(this.path));
        this.version = version;
      }
      return this.token;
    } catch (error) {
      throw new HdfsError(hdfsErrors.denied, `No delegation token can be read from ${this.path}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  refused(token: string): boolean {
    this.version = '';
    return token !== this.token;
  }
}

/** Calls of a login, as a client makes them. */
export interface TokenCalls {
  /** GETDELEGATIONTOKEN */
  fetch(base: string): Promise<string>;
  /** RENEWDELEGATIONTOKEN; gives when it ends then, ms since the epoch by HDFS's clock. */
  renew(base: string, token: string): Promise<number>;
}

interface FetchedToken {
  readonly token: string;
  readonly gotMs: number;
  readonly endMs: number;
}

/** A token is renewed when less than this part of its time is left. */
const restMin = 0.25;

/** One that is fetched by a login, renewed while HDFS allows it, and fetched again after that. */
export class FetchedTokens implements TokenSource {
  private held: Promise<FetchedToken> | null = null;

  constructor(
    private readonly calls: TokenCalls,
    private readonly clock: Clock,
  ) {}

  async current(base: string): Promise<string> {
    const held = this.held;
    const known = held === null ? null : await held.catch(() => null);
    if (known !== null && this.isFresh(known)) return known.token;
    if (this.held === held) this.held = known === null ? this.fetch(base) : this.renew(base, known);
    return (await (this.held ?? this.fetch(base))).token;
  }

  refused(): boolean {
    this.held = null;
    return true;
  }

  private isFresh({ gotMs, endMs }: FetchedToken): boolean {
    return endMs - this.clock.now() > (endMs - gotMs) * restMin;
  }

  /** When it ends is not told with it, but with its first renewal. */
  private async fetch(base: string): Promise<FetchedToken> {
    const token = await this.calls.fetch(base);
    return { token, gotMs: this.clock.now(), endMs: await this.calls.renew(base, token) };
  }

  private async renew(base: string, { token, endMs }: FetchedToken): Promise<FetchedToken> {
    try {
      const gotMs = this.clock.now();
      const renewed = { token, gotMs, endMs: await this.calls.renew(base, token) };
      // At the end of its life HDFS renews it by less and less.
      return renewed.endMs > endMs ? renewed : await this.fetch(base);
    } catch (error) {
      if (error instanceof HdfsError && error.retriable) throw error;
      return this.fetch(base);
    }
  }
}
