/** How a request says who it is from. */
import { basicAuthorization, type HttpClient } from '#net/http-client';
import { FatalSinkError, RetriableSinkError } from '#pipeline/errors';
import type { Clock } from '#std/clock';
import { callFailure } from '../over-http/call-failure.js';

export interface Authorization {
  headers(): Promise<Readonly<Record<string, string>>>;
  /** The server did not take these headers. Gives whether there are others to try. */
  renew(sent: Readonly<Record<string, string>>): boolean;
  /** The server took it. */
  taken(): void;
}

export function fixedAuthorization(headers: Readonly<Record<string, string>>): Authorization {
  return { headers: () => Promise.resolve(headers), renew: () => false, taken: () => undefined };
}

export interface ClientCredentials {
  readonly tokenUrl: URL;
  readonly clientId: string;
  readonly clientSecret: string;
  /** In the head of the request for a token, or in its body. */
  readonly mode: 'header' | 'url';
  readonly scope: string | null;
  /** Where the answer has the token. */
  readonly tokenProperty: string;
}

/** Asked for anew so long before it ends, ms, or after half of its time where that is less. */
const earlyMs = 30_000;
const lifeMsDefault = 300_000;

/** A token of OAuth 2 by client credentials (RFC 6749, 4.4), kept until shortly before it ends. */
export class TokenAuthorization implements Authorization {
  private token: Promise<string> | null = null;
  private renewAt = 0;
  private current: string | null = null;
  /** A token was renewed, and the server has not taken the new one so far. */
  private isDoubtful = false;

  constructor(
    private readonly client: HttpClient,
    private readonly clock: Clock,
    private readonly credentials: ClientCredentials,
  ) {}

  async headers(): Promise<Readonly<Record<string, string>>> {
    if (this.token === null || this.clock.monotonic() >= this.renewAt) {
      this.renewAt = Number.POSITIVE_INFINITY;
      const asked = this.ask();
      this.token = asked;
      asked.catch(() => {
        if (this.token === asked) this.token = null;
      });
    }
    this.current = `Bearer ${await this.token}`;
    return { Authorization: this.current };
  }

  renew({ Authorization: sent }: Readonly<Record<string, string>>): boolean {
    // Another request of the same time has brought a new one already.
    if (sent !== this.current) return true;
    if (this.isDoubtful) return false;
    this.current = null;
    this.token = null;
    this.isDoubtful = true;
    return true;
  }

  taken(): void {
    this.isDoubtful = false;
  }

  private async ask(): Promise<string> {
    const { tokenUrl, clientId, clientSecret, mode, scope, tokenProperty } = this.credentials;
    const form = new URLSearchParams({ grant_type: 'client_credentials' });
    if (scope !== null) form.set('scope', scope);
    if (mode === 'url') {
      form.set('client_id', clientId);
      form.set('client_secret', clientSecret);
    }
    const headers: Record<string, string> = {
      'Content-Type': 'application/x-www-form-urlencoded',
      Accept: 'application/json',
    };
    // RFC 6749, 2.3.1: both are form-encoded first.
    if (mode === 'header')
      headers['Authorization'] = basicAuthorization(encodeURIComponent(clientId), encodeURIComponent(clientSecret));
    const answer = await this.client
      .call({ method: 'POST', url: tokenUrl, headers, body: Buffer.from(form.toString()), repeatable: true })
      .catch((error: unknown) => {
        throw callFailure(error);
      });
    const where = `${tokenUrl.origin}${tokenUrl.pathname}`;
    if (answer.status === 429 || answer.status >= 500)
      throw new RetriableSinkError(`${where} answered ${answer.status} to the request for a token.`);
    if (answer.status !== 200) {
      throw new FatalSinkError(
        `${where} answered ${answer.status} to the request for a token${errorOf(answer.body)}: see oauth2.client.id, oauth2.client.secret and oauth2.client.scope.`,
      );
    }
    const fields = objectOf(answer.body);
    const token = fields[tokenProperty];
    if (typeof token !== 'string' || token === '' || /[^\x21-\x7e]/.test(token)) {
      throw new FatalSinkError(
        `The answer of ${where} has no token in "${tokenProperty}": see oauth2.response.token.property.`,
      );
    }
    const lifeMs = Number(fields['expires_in']) > 0 ? Number(fields['expires_in']) * 1000 : lifeMsDefault;
    this.renewAt = this.clock.monotonic() + Math.max(lifeMs - earlyMs, lifeMs / 2);
    return token;
  }
}

function errorOf(body: Buffer): string {
  const { error } = objectOf(body);
  return typeof error === 'string' ? ` (${error.slice(0, 100)})` : '';
}

function objectOf(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
