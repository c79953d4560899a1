/**
 * A principal that is logged in with a keytab, and its tickets for services. Tickets are kept in memory and fetched again before they end; the
 * keytab is read anew for each login, so that a new one is taken up.
 */
import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Clock } from '#std/clock';
import { messageOf } from '#std/errors';
import { checksum, checksumTypeOf, decrypt, encrypt, type KerberosKey } from './encryption.js';
import { callKdc } from './kdc-call.js';
import { KerberosError, kerberosErrors, replyError } from './kerberos-errors.js';
import { keysOf, readKeytab } from './keytab.js';
import { realmOfHost, type Krb5Conf } from './krb5-conf.js';
import {
  decodeReply,
  decodeReplyPart,
  encodeApRequest,
  encodeAuthenticator,
  encodeBody,
  encodeEncrypted,
  encodeRequest,
  encodeTimestamp,
  parsePrincipal,
  preAuthentication,
  principalText,
  type KdcReply,
  type Principal,
} from './messages.js';
import { gssChecksum, spnegoToken } from './spnego.js';

export interface KerberosLoginOptions {
  readonly conf: Krb5Conf;
  /** `millrace/worker1.example.org@EXAMPLE.ORG`; without a realm that of `conf`. */
  readonly principal: string;
  readonly keytabPath: string;
  readonly clock: Clock;
  /** For each answer of a KDC; default 10,000. */
  readonly timeoutMs?: number;
}

interface Ticket {
  readonly client: Principal;
  readonly ticket: Buffer;
  readonly key: KerberosKey;
  /** By the clock here, as `endMs` is by the KDC's. */
  readonly gotMs: number;
  readonly endMs: number;
}

/** Key usages (RFC 4120, 7.5.1). */
const usages = {
  timestamp: 1,
  asReply: 3,
  tgsChecksum: 6,
  tgsAuthenticator: 7,
  tgsReply: 8,
  apAuthenticator: 11,
} as const;
/** A ticket is fetched again when less than this part of its life is left. */
const restMin = 0.2;
const askedLifeMs = 24 * 3_600_000;
const answerMs = 10_000;

export class KerberosLogin {
  private readonly client: Principal;
  private readonly tickets = new Map<string, Promise<Ticket>>();

  private lastStamp = 0;

  constructor(private readonly options: KerberosLoginOptions) {
    this.client = parsePrincipal(options.principal, options.conf.defaultRealm);
  }

  get principal(): string {
    return principalText(this.client);
  }

  /**
   * A token for a service of a host, `HTTP` and `nn1.example.org`; each is good once. `serviceRealm`: where it is another than krb5.conf says.
   */
  async negotiate(service: string, host: string, serviceRealm: string | null = null): Promise<string> {
    const realm = serviceRealm ?? realmOfHost(this.options.conf, host) ?? this.client.realm;
    const { client, ticket, key } = await this.ticketFor({ parts: [service, host.toLowerCase()], realm });
    const authenticator = encodeAuthenticator({
      client,
      nowMs: this.nextStamp(),
      checksumType: gssChecksum.type,
      checksum: gssChecksum.bytes,
    });
    const sealed = encodeEncrypted(key.type, encrypt(key, usages.apAuthenticator, authenticator));
    return spnegoToken(encodeApRequest(ticket, sealed)).toString('base64');
  }

  /** Forgets all tickets: the next one is fetched with the keytab as it is then. */
  forget(): void {
    this.tickets.clear();
  }

  /** Ms with a fraction that no other one has: a server takes two that are equal for a replay. */
  private nextStamp(): number {
    this.lastStamp = Math.max(this.options.clock.now() + randomInt(1000) / 1000, this.lastStamp + 0.001);
    return this.lastStamp;
  }

  private async ticketFor(service: Principal): Promise<Ticket> {
    if (service.realm === this.client.realm) {
      return this.kept(service, async () => this.fromTicket(await this.granting(), service, service.realm));
    }
    // The other realm's KDC takes a ticket that the own one gives out for it.
    const between = { parts: ['krbtgt', service.realm], realm: this.client.realm };
    return this.kept(service, async () => {
      const across = await this.kept(between, async () =>
        this.fromTicket(await this.granting(), between, this.client.realm),
      );
      return this.fromTicket(across, service, service.realm);
    });
  }

  private granting(): Promise<Ticket> {
    const { realm } = this.client;
    return this.kept({ parts: ['krbtgt', realm], realm }, () => this.login());
  }

  private async kept(service: Principal, fetch: () => Promise<Ticket>): Promise<Ticket> {
    const name = principalText(service);
    const known = this.tickets.get(name);
    if (known !== undefined) {
      const ticket = await known.catch(() => null);
      if (ticket !== null && this.isFresh(ticket)) return ticket;
      if (this.tickets.get(name) === known) this.tickets.delete(name);
    }
    const fetching = this.tickets.get(name) ?? fetch();
    this.tickets.set(name, fetching);
    return fetching;
  }

  private isFresh({ gotMs, endMs }: Ticket): boolean {
    return endMs - this.options.clock.now() > (endMs - gotMs) * restMin;
  }

  private async login(): Promise<Ticket> {
    const { conf, keytabPath, clock } = this.options;
    const entries = readKeytab(await readBytes(keytabPath), keytabPath);
    const keys = keysOf(entries, this.client, keytabPath);
    const [first] = keys;
    if (first === undefined) throw new KerberosError(kerberosErrors.invalid, `The keytab ${keytabPath} has no key.`);
    const { realm } = this.client;
    const nonce = randomInt(2 ** 31 - 1);
    const body = encodeBody({
      client: this.client,
      service: { parts: ['krbtgt', realm], realm },
      tillMs: clock.now() + askedLifeMs,
      nonce,
      types: [...new Set(keys.filter(({ version }) => version === first.version).map(({ type }) => type))],
    });
    const proof = encrypt(first, usages.timestamp, encodeTimestamp(clock.now()));
    const request = encodeRequest(
      'asRequest',
      preAuthentication.timestamp,
      encodeEncrypted(first.type, proof, first.version),
      body,
    );
    const what = `The Kerberos login of ${this.principal}`;
    const reply = await this.ask(what, conf, realm, request);
    const key = keys.find(
      ({ type, version }) => type === reply.part.type && version === (reply.part.version ?? version),
    );
    if (key === undefined) throw replyError(what, wrongKeyCode, null);
    return this.opened(what, reply, { key, usage: usages.asReply, nonce });
  }

  private async fromTicket(granting: Ticket, service: Principal, realm: string): Promise<Ticket> {
    const { conf, clock } = this.options;
    const { key } = granting;
    const nonce = randomInt(2 ** 31 - 1);
    const body = encodeBody({ client: null, service, tillMs: clock.now() + askedLifeMs, nonce });
    const authenticator = encodeAuthenticator({
      client: granting.client,
      nowMs: this.nextStamp(),
      checksumType: checksumTypeOf(key.type),
      checksum: checksum(key, usages.tgsChecksum, body),
    });
    const sealed = encodeEncrypted(key.type, encrypt(key, usages.tgsAuthenticator, authenticator));
    const proof = encodeApRequest(granting.ticket, sealed);
    const request = encodeRequest('tgsRequest', preAuthentication.tgsRequest, proof, body);
    const what = `The Kerberos ticket of ${this.principal} for ${principalText(service)}`;
    const reply = await this.ask(what, conf, realm, request);
    return this.opened(what, reply, { key, usage: usages.tgsReply, nonce });
  }

  private async ask(what: string, conf: Krb5Conf, realm: string, request: Buffer): Promise<KdcReply> {
    const reply = decodeReply(await callKdc(conf, realm, request, this.options.timeoutMs ?? answerMs));
    if (!('code' in reply)) return reply;
    if (reply.code !== skewCode) throw replyError(what, reply.code, reply.text);
    const skew = Math.round((this.options.clock.now() - reply.serverMs) / 1000);
    throw replyError(what, reply.code, `the clock here is ${skew} s ahead`);
  }

  private opened(
    what: string,
    reply: KdcReply,
    { key, usage, nonce }: { key: KerberosKey; usage: number; nonce: number },
  ): Ticket {
    const part = decodeReplyPart(decrypt(key, usage, reply.part.bytes));
    if (part.nonce !== nonce) {
      throw new KerberosError(kerberosErrors.denied, `${what} failed: the answer is to another request.`);
    }
    return {
      client: reply.client,
      ticket: reply.ticket,
      key: part.key,
      gotMs: this.options.clock.now(),
      endMs: part.endMs,
    };
  }
}

const skewCode = 37;
const wrongKeyCode = 24;

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new KerberosError(kerberosErrors.invalid, `The keytab cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
