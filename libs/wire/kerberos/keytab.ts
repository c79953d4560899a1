/** Keytab files, version 5.2 (MIT's "keytab file format"): entries of a principal, a key and its version, lengths before each. */
import { messageOf } from '#std/errors';
import { encryptionName, isEncryptionType, type KerberosKey } from './encryption.js';
import { KerberosError, kerberosErrors } from './kerberos-errors.js';
import { principalText, type Principal } from './messages.js';

export interface KeytabEntry {
  readonly principal: Principal;
  readonly version: number;
  /** Of any type, also of those that are not known here. */
  readonly type: number;
  readonly key: Buffer;
}

/** `name` is for messages. Throws `invalid`. */
export function readKeytab(bytes: Buffer, name: string): KeytabEntry[] {
  const entries: KeytabEntry[] = [];
  try {
    if (bytes.readUInt16BE(0) !== 0x0502) throw new RangeError('it does not begin as one of version 5.2 does');
    for (let at = 2; at + 4 <= bytes.length;) {
      const size = bytes.readInt32BE(at);
      at += 4;
      // A negative size is a hole that an entry left.
      if (size > 0) entries.push(readEntry(bytes.subarray(at, at + size)));
      if (size === 0) break;
      at += Math.abs(size);
    }
    return entries;
  } catch (error) {
    throw new KerberosError(kerberosErrors.invalid, `${name} is not a keytab: ${messageOf(error)}.`, { cause: error });
  }
}

/** The keys of a principal that can be used, those of the newest version first. Throws `invalid` where there is none. */
export function keysOf(
  entries: readonly KeytabEntry[],
  principal: Principal,
  name: string,
): readonly (KerberosKey & { readonly version: number })[] {
  const wanted = principalText(principal);
  const found = entries.filter((entry) => principalText(entry.principal) === wanted);
  const keys = found.flatMap(({ type, key, version }) =>
    isEncryptionType(type) ? [{ type, bytes: key, version }] : [],
  );
  if (keys.length > 0) return keys.toSorted((left, right) => right.version - left.version || right.type - left.type);
  const list = (texts: readonly string[]): string => [...new Set(texts)].join(', ') || 'nothing';
  throw new KerberosError(
    kerberosErrors.invalid,
    found.length === 0
      ? `The keytab ${name} has no key of ${wanted}; it has those of ${list(entries.map((entry) => principalText(entry.principal)))}.`
      : `The keytab ${name} has keys of ${wanted} of the types ${list(found.map(({ type }) => encryptionName(type)))} only; AES is needed.`,
  );
}

function readEntry(bytes: Buffer): KeytabEntry {
  let at = 2;
  const counted = (): Buffer => {
    const length = bytes.readUInt16BE(at);
    at += 2 + length;
    if (at > bytes.length) throw new RangeError('an entry breaks off');
    return bytes.subarray(at - length, at);
  };
  const count = bytes.readUInt16BE(0);
  const realm = counted().toString();
  const parts = Array.from({ length: count }, () => counted().toString());
  // The type of the name and the time that it was made.
  at += 8;
  const shortVersion = bytes.readUInt8(at);
  const type = bytes.readUInt16BE(at + 1);
  at += 3;
  const key = counted();
  const version = at + 4 <= bytes.length ? bytes.readUInt32BE(at) : 0;
  return { principal: { parts, realm }, version: version === 0 ? shortVersion : version, type, key };
}
