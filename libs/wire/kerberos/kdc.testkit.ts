/** A KDC in one process for specs: it knows principals and their keys, and answers as MIT's does. */
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { randomBytes } from 'node:crypto';
import { derValue, derValues, type DerValue } from '#std/der';
import {
  applicationTag,
  contextTag,
  derFields,
  derFlags,
  derInteger,
  derList,
  derText,
  derTime,
  derValueOf,
} from './der-writer.js';
import { checksum, decrypt, encrypt, type KerberosKey } from './encryption.js';
import { encodeEncrypted } from './messages.js';

export class FakeKdc {
  /** By `name/host`. */
  readonly keys = new Map<string, KerberosKey>();
  readonly requests: string[] = [];
  nowMs = Date.UTC(2026, 0, 31, 12);
  lifeMs = 600_000;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server = createServer((socket) => {
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      const answer = this.answer(bytes.subarray(4));
      const length = Buffer.alloc(4);
      length.writeUInt32BE(answer.length);
      socket.end(Buffer.concat([length, answer]));
    });
  });

  constructor(readonly realm: string) {
    this.add(`krbtgt/${realm}`);
  }

  add(name: string, type: KerberosKey['type'] = 18): KerberosKey {
    const key = { type, bytes: randomBytes(type === 18 || type === 20 ? 32 : 16) };
    this.keys.set(name, key);
    return key;
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(bytes: Buffer): Buffer {
    const outer = derValue(bytes);
    const isFirst = outer.tag === applicationTag + 10;
    const request = fields(derValue(outer.content));
    const body = request.get(4);
    const pad = fields(derValues(request.get(3)?.content ?? Buffer.alloc(0))[0]).get(2)?.content;
    if (body === undefined || pad === undefined) return this.error(60, 'no body');
    const service = nameOf(fields(body).get(3));
    this.requests.push(`${isFirst ? 'login' : 'ticket'} ${service}`);
    const serviceKey = this.keys.get(service);
    if (serviceKey === undefined) return this.error(7, 'LOOKING_UP_SERVER');
    try {
      return isFirst ? this.login(body, pad, serviceKey) : this.ticket(body, pad, serviceKey);
    } catch {
      return this.error(isFirst ? 24 : 31, 'PREAUTH_FAILED');
    }
  }

  private login(body: DerValue, pad: Buffer, serviceKey: KerberosKey): Buffer {
    const client = nameOf(fields(body).get(1));
    const key = this.keys.get(client);
    if (key === undefined) return this.error(6, 'CLIENT_NOT_FOUND');
    const stamp = fields(derValue(decrypt(key, 1, fields(derValue(pad)).get(2)?.content ?? Buffer.alloc(0))));
    if (stamp.get(0)?.content.toString() !== derValue(derTime(this.nowMs)).content.toString())
      return this.error(37, 'SKEW');
    return this.reply(11, body, client, serviceKey, { key, usage: 3 });
  }

  private ticket(body: DerValue, pad: Buffer, serviceKey: KerberosKey): Buffer {
    const proof = fields(derValue(derValue(pad).content));
    const [client, session] = this.openTicket(proof.get(3));
    const sealed = fields(proof.get(4)).get(2)?.content ?? Buffer.alloc(0);
    const authenticator = fields(derValue(derValue(decrypt(session, 7, sealed)).content));
    const sum = fields(authenticator.get(3)).get(1)?.content;
    if (sum?.equals(checksum(session, 6, body.whole)) !== true) return this.error(41, 'MODIFIED');
    return this.reply(13, body, client, serviceKey, { key: session, usage: 8 });
  }

  /** Who a ticket is for, and its key. */
  openTicket(ticket: DerValue | undefined): [string, KerberosKey] {
    const inside = fields(derValue(ticket?.content ?? Buffer.alloc(0)));
    const key = this.keys.get(nameOf(inside.get(2)));
    if (key === undefined) throw new Error('a ticket for nobody');
    const part = fields(derValue(decrypt(key, 2, fields(inside.get(3)).get(2)?.content ?? Buffer.alloc(0))));
    const bytes = fields(part.get(0)).get(1)?.content ?? Buffer.alloc(0);
    return [nameOf(part.get(3)), { type: 18, bytes }];
  }

  private reply(
    type: 11 | 13,
    body: DerValue,
    client: string,
    serviceKey: KerberosKey,
    { key, usage }: { key: KerberosKey; usage: number },
  ): Buffer {
    const session = randomBytes(32);
    const service = nameOf(fields(body).get(3));
    const sessionKey = derFields({ 0: derInteger(18), 1: derValueOf(0x04, session) });
    const inTicket = derFields({ 0: sessionKey, 2: derText(this.realm), 3: nameValue(client) });
    const ticket = derValueOf(
      applicationTag + 1,
      derFields({
        0: derInteger(5),
        1: derText(this.realm),
        2: nameValue(service),
        3: encodeEncrypted(serviceKey.type, encrypt(serviceKey, 2, inTicket)),
      }),
    );
    const part = derValueOf(
      applicationTag + type + 14,
      derFields({
        0: sessionKey,
        2: fields(body).get(7)?.whole ?? null,
        4: derFlags(0),
        5: derTime(this.nowMs),
        7: derTime(this.nowMs + this.lifeMs),
        9: derText(this.realm),
        10: nameValue(service),
      }),
    );
    return derValueOf(
      applicationTag + type,
      derFields({
        0: derInteger(5),
        1: derInteger(type),
        3: derText(this.realm),
        4: nameValue(client),
        5: ticket,
        6: encodeEncrypted(key.type, encrypt(key, usage, part)),
      }),
    );
  }

  private error(code: number, text: string): Buffer {
    return derValueOf(
      applicationTag + 30,
      derFields({
        0: derInteger(5),
        1: derInteger(30),
        4: derTime(this.nowMs),
        6: derInteger(code),
        11: derText(text),
      }),
    );
  }
}

/** What is inside the context tags of a sequence. */
export function fields(sequence: DerValue | undefined): Map<number, DerValue> {
  const values = derValues(sequence?.content ?? Buffer.alloc(0));
  return new Map(values.map((value) => [value.tag - contextTag, derValue(value.content)]));
}

function nameOf(name: DerValue | undefined): string {
  const parts = fields(name).get(1)?.content ?? Buffer.alloc(0);
  return derValues(parts)
    .map(({ content }) => content.toString())
    .join('/');
}

function nameValue(name: string): Buffer {
  return derFields({ 0: derInteger(1), 1: derList(name.split('/').map(derText)) });
}

/** A keytab file with these keys. */
export function keytabOf(
  entries: readonly {
    readonly name: string;
    readonly realm: string;
    readonly key: KerberosKey;
    readonly version?: number;
  }[],
): Buffer {
  const counted = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const number = (value: number, size: 1 | 2 | 4): Buffer => {
    const bytes = Buffer.alloc(size);
    bytes.writeIntBE(value, 0, size);
    return bytes;
  };
  const parts = entries.flatMap(({ name, realm, key, version = 1 }) => {
    const names = name.split('/');
    const entry = Buffer.concat([
      number(names.length, 2),
      counted(Buffer.from(realm)),
      ...names.map((part) => counted(Buffer.from(part))),
      number(1, 4),
      number(0, 4),
      number(version & 0x7f, 1),
      number(key.type, 2),
      counted(key.bytes),
      number(version, 4),
    ]);
    return [number(entry.length, 4), entry];
  });
  // A hole of three bytes, as a deleted entry leaves one.
  return Buffer.concat([Buffer.from([5, 2]), number(-3, 4), Buffer.from([1, 2, 3]), ...parts]);
}
