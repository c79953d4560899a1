/** Kerberos' messages (RFC 4120, section 5), as a client writes and reads them. */
import { derValue, derValues, type DerValue } from '#std/der';
import { messageOf } from '#std/errors';
import {
  applicationTag,
  contextTag,
  derFields,
  derFlags,
  derInteger,
  derList,
  derOctets,
  derText,
  derTime,
  derValueOf,
} from './der-writer.js';
import { encryptionTypes, isEncryptionType, type KerberosKey } from './encryption.js';
import { KerberosError, kerberosErrors } from './kerberos-errors.js';

export interface Principal {
  /** `hdfs`, `nn1.example.org` */
  readonly parts: readonly string[];
  readonly realm: string;
}

export interface EncryptedData {
  readonly type: number;
  /** Null where none is said. */
  readonly version: number | null;
  readonly bytes: Buffer;
}

/** What the KDC gave. */
export interface KdcReply {
  readonly client: Principal;
  /** As it goes into requests. */
  readonly ticket: Buffer;
  readonly part: EncryptedData;
}

/** The secret part of a reply. */
export interface KdcReplyPart {
  readonly key: KerberosKey;
  readonly nonce: number;
  /** Of the ticket, ms since the epoch. */
  readonly endMs: number;
  readonly service: Principal;
}

export const messageTypes = {
  asRequest: 10,
  asReply: 11,
  tgsRequest: 12,
  tgsReply: 13,
  apRequest: 14,
  error: 30,
} as const;
const nameTypes = { principal: 1, service: 2 } as const;
const version = 5;
export const preAuthentication = { tgsRequest: 1, timestamp: 2 } as const;
const canonicalize = 0x0001_0000;

/** `hdfs/nn1.example.org@EXAMPLE.ORG`; the realm may be missing. */
export function parsePrincipal(text: string, defaultRealm: string | null): Principal {
  const at = text.lastIndexOf('@');
  const realm = at < 0 ? defaultRealm : text.slice(at + 1);
  const parts = (at < 0 ? text : text.slice(0, at)).split('/');
  if (realm === null || realm === '' || parts.includes('')) {
    const why = realm === null ? 'names no realm, and krb5.conf has no default_realm' : 'is not like name/host@REALM';
    throw new KerberosError(kerberosErrors.invalid, `The Kerberos principal ${text} ${why}.`);
  }
  return { parts, realm };
}

export function principalText({ parts, realm }: Principal): string {
  return `${parts.join('/')}@${realm}`;
}

export interface RequestBody {
  /** Of a first request. */
  readonly client: Principal | null;
  readonly service: Principal;
  readonly tillMs: number;
  readonly nonce: number;
  readonly types?: readonly number[];
}

export function encodeBody({ client, service, tillMs, nonce, types = encryptionTypes }: RequestBody): Buffer {
  return derFields({
    0: derFlags(canonicalize),
    1: client === null ? null : encodeName(client, nameTypes.principal),
    2: derText(service.realm),
    3: encodeName(service, nameTypes.service),
    5: derTime(tillMs),
    7: derInteger(nonce),
    8: derList(types.map(derInteger)),
  });
}

export function encodeRequest(
  type: 'asRequest' | 'tgsRequest',
  padType: number,
  padValue: Buffer,
  body: Buffer,
): Buffer {
  const number = messageTypes[type];
  return derValueOf(
    applicationTag + number,
    derFields({
      1: derInteger(version),
      2: derInteger(number),
      3: derList([derFields({ 1: derInteger(padType), 2: derOctets(padValue) })]),
      4: body,
    }),
  );
}

/** PA-ENC-TS-ENC */
export function encodeTimestamp(nowMs: number): Buffer {
  return derFields({ 0: derTime(nowMs), 1: derInteger(microsecondsOf(nowMs)) });
}

export function encodeEncrypted(type: number, bytes: Buffer, keyVersion: number | null = null): Buffer {
  return derFields({
    0: derInteger(type),
    1: keyVersion === null ? null : derInteger(keyVersion),
    2: derOctets(bytes),
  });
}

export interface AuthenticatorParts {
  readonly client: Principal;
  /** With a fraction down to microseconds. */
  readonly nowMs: number;
  readonly checksumType: number;
  readonly checksum: Buffer;
}

export function encodeAuthenticator({ client, nowMs, checksumType, checksum }: AuthenticatorParts): Buffer {
  return derValueOf(
    applicationTag + 2,
    derFields({
      0: derInteger(version),
      1: derText(client.realm),
      2: encodeName(client, nameTypes.principal),
      3: derFields({ 0: derInteger(checksumType), 1: derOctets(checksum) }),
      4: derInteger(microsecondsOf(nowMs)),
      5: derTime(nowMs),
    }),
  );
}

export function encodeApRequest(ticket: Buffer, authenticator: Buffer): Buffer {
  return derValueOf(
    applicationTag + messageTypes.apRequest,
    derFields({
      0: derInteger(version),
      1: derInteger(messageTypes.apRequest),
      2: derFlags(0),
      3: ticket,
      4: authenticator,
    }),
  );
}

export interface ErrorReply {
  readonly code: number;
  readonly text: string | null;
  /** The KDC's clock, ms. */
  readonly serverMs: number;
}

/** A reply, or the error in its place. Throws `invalid` for anything else. */
export function decodeReply(bytes: Buffer): KdcReply | ErrorReply {
  return decoded(() => {
    const outer = derValue(bytes);
    const fields = fieldsOf(derValue(outer.content));
    if (outer.tag === applicationTag + messageTypes.error) {
      const text = fields.get(11);
      return {
        code: integerOf(required(fields, 6)),
        text: text === undefined ? null : text.content.toString(),
        serverMs: timeOf(required(fields, 4)),
      };
    }
    const realm = required(fields, 3).content.toString();
    const part = fieldsOf(required(fields, 6));
    const keyVersion = part.get(1);
    return {
      client: { parts: namesOf(required(fields, 4)), realm },
      ticket: required(fields, 5).whole,
      part: {
        type: integerOf(required(part, 0)),
        version: keyVersion === undefined ? null : integerOf(keyVersion),
        bytes: required(part, 2).content,
      },
    };
  });
}

export function decodeReplyPart(bytes: Buffer): KdcReplyPart {
  return decoded(() => {
    const fields = fieldsOf(derValue(derValue(bytes).content));
    const key = fieldsOf(required(fields, 0));
    const type = integerOf(required(key, 0));
    if (!isEncryptionType(type)) throw new RangeError(`the encryption type ${type} of a session key was not asked for`);
    return {
      key: { type, bytes: required(key, 1).content },
      nonce: integerOf(required(fields, 2)),
      endMs: timeOf(required(fields, 7)),
      service: { parts: namesOf(required(fields, 10)), realm: required(fields, 9).content.toString() },
    };
  });
}

function encodeName({ parts }: Principal, type: number): Buffer {
  return derFields({ 0: derInteger(type), 1: derList(parts.map(derText)) });
}

function microsecondsOf(ms: number): number {
  return Math.min(999_999, Math.round((ms % 1000) * 1000));
}

function decoded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new KerberosError(
      kerberosErrors.away,
      `The KDC answered something that cannot be read: ${messageOf(error)}.`,
      {
        cause: error,
      },
    );
  }
}

/** What is inside each context tag. */
function fieldsOf(sequence: DerValue): Map<number, DerValue> {
  const fields = new Map<number, DerValue>();
  for (const field of derValues(sequence.content)) fields.set(field.tag - contextTag, derValue(field.content));
  return fields;
}

function required(fields: ReadonlyMap<number, DerValue>, number: number): DerValue {
  const value = fields.get(number);
  if (value === undefined) throw new RangeError(`field ${number} is missing`);
  return value;
}

function namesOf(name: DerValue): string[] {
  return derValues(required(fieldsOf(name), 1).content).map(({ content }) => content.toString());
}

function integerOf({ content }: DerValue): number {
  return content.readIntBE(0, content.length);
}

/** `20260131120000Z` */
function timeOf({ content }: DerValue): number {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(content.toString());
  if (match === null) throw new RangeError('a time is not one');
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
