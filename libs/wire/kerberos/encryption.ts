/**
 * Kerberos' encryption and checksums with AES: aes128- and aes256-cts-hmac-sha1-96 (RFC 3961, 3962), aes128-cts-hmac-sha256-128 and
 * aes256-cts-hmac-sha384-192 (RFC 8009). Keys for a use are derived from the base key and the number of that use.
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { KerberosError, kerberosErrors } from './kerberos-errors.js';

export interface KerberosKey {
  readonly type: EncryptionType;
  readonly bytes: Buffer;
}

interface Profile {
  readonly name: string;
  readonly cipher: 'aes-128' | 'aes-256';
  readonly hash: 'sha1' | 'sha256' | 'sha384';
  readonly keyBytes: number;
  readonly macBytes: number;
  /** Of derived keys for MACs. */
  readonly macKeyBytes: number;
  readonly checksumType: number;
}

const profiles = {
  17: {
    name: 'aes128-cts-hmac-sha1-96',
    cipher: 'aes-128',
    hash: 'sha1',
    keyBytes: 16,
    macBytes: 12,
    macKeyBytes: 16,
    checksumType: 15,
  },
  18: {
    name: 'aes256-cts-hmac-sha1-96',
    cipher: 'aes-256',
    hash: 'sha1',
    keyBytes: 32,
    macBytes: 12,
    macKeyBytes: 32,
    checksumType: 16,
  },
  19: {
    name: 'aes128-cts-hmac-sha256-128',
    cipher: 'aes-128',
    hash: 'sha256',
    keyBytes: 16,
    macBytes: 16,
    macKeyBytes: 16,
    checksumType: 19,
  },
  20: {
    name: 'aes256-cts-hmac-sha384-192',
    cipher: 'aes-256',
    hash: 'sha384',
    keyBytes: 32,
    macBytes: 24,
    macKeyBytes: 24,
    checksumType: 20,
  },
} as const satisfies Record<number, Profile>;

/** By number of IANA's registry. */
export type EncryptionType = keyof typeof profiles;

/** The best first. */
export const encryptionTypes: readonly EncryptionType[] = [20, 18, 19, 17];

export function isEncryptionType(type: number): type is EncryptionType {
  return type in profiles;
}

export function encryptionName(type: number): string {
  return isEncryptionType(type) ? profiles[type].name : `type ${type}`;
}

export function checksumTypeOf(type: EncryptionType): number {
  return profiles[type].checksumType;
}

const blockBytes = 16;
const zeroBlock = Buffer.alloc(blockBytes);
/** Ends of the constant that a key is derived with (RFC 3961, 5.3). */
const uses = { checksum: 0x99, encryption: 0xaa, integrity: 0x55 } as const;

/** `usage` by RFC 4120, 7.5.1. `confounder`: 16 random bytes; given by specs only. */
export function encrypt(key: KerberosKey, usage: number, plain: Buffer, confounder = randomBytes(blockBytes)): Buffer {
  const whole = Buffer.concat([confounder, plain]);
  const cipher = encryptBlocks(key.type, deriveKey(key, usage, 'encryption'), whole);
  return Buffer.concat([cipher, mac(key, usage, 'integrity', signed(key.type, whole, cipher))]);
}

/** Throws `denied` where the key is another one or the bytes were changed. */
export function decrypt(key: KerberosKey, usage: number, bytes: Buffer): Buffer {
  const { macBytes } = profiles[key.type];
  const end = bytes.length - macBytes;
  if (end < blockBytes) throw wrongKey();
  const cipher = bytes.subarray(0, end);
  const whole = decryptBlocks(key.type, deriveKey(key, usage, 'encryption'), cipher);
  const expected = mac(key, usage, 'integrity', signed(key.type, whole, cipher));
  if (!timingSafeEqual(expected, bytes.subarray(end))) throw wrongKey();
  return whole.subarray(blockBytes);
}

export function checksum(key: KerberosKey, usage: number, bytes: Buffer): Buffer {
  return mac(key, usage, 'checksum', bytes);
}

/** A key for one use of a base key. */
export function deriveKey(key: KerberosKey, usage: number, use: keyof typeof uses): Buffer {
  const constant = Buffer.alloc(5);
  constant.writeUInt32BE(usage);
  constant[4] = uses[use];
  const profile: Profile = profiles[key.type];
  const size = use === 'encryption' ? profile.keyBytes : profile.macKeyBytes;
  if (profile.hash === 'sha1') return deriveByCipher(key, constant, size);
  // RFC 8009, section 3: HMAC(key, 1 | label | 0 | bits).
  const [counter, bits] = [Buffer.from([0, 0, 0, 1]), Buffer.alloc(4)];
  bits.writeUInt32BE(size * 8);
  const input = Buffer.concat([counter, constant, Buffer.from([0]), bits]);
  return createHmac(profile.hash, key.bytes).update(input).digest().subarray(0, size);
}

/** DK of RFC 3961, 5.1: the folded constant encrypted, and that again, until there are enough bytes. */
export function deriveByCipher(key: KerberosKey, constant: Buffer, size: number): Buffer {
  const parts: Buffer[] = [];
  let block = fold(constant, blockBytes);
  for (let bytes = 0; bytes < size; bytes += blockBytes) {
    block = encryptBlocks(key.type, key.bytes, block);
    parts.push(block);
  }
  return Buffer.concat(parts).subarray(0, size);
}

/**
 * n-fold of RFC 3961, 5.1: copies of the input, each turned right by 13 bits more, are cut into pieces of `size` bytes, which are added
 * with the carry going around.
 */
export function fold(input: Buffer, size: number): Buffer {
  const total = leastCommonMultiple(input.length, size);
  const sums = Array.from({ length: size }, () => 0);
  const bits = input.length * 8;
  for (let at = 0; at < total; at += 1) {
    const turn = 13 * Math.floor(at / input.length);
    let byte = 0;
    for (let bit = 0; bit < 8; bit += 1) {
      const from = ((((at % input.length) * 8 + bit - turn) % bits) + bits) % bits;
      byte = (byte << 1) | (((input[from >> 3] ?? 0) >> (7 - (from & 7))) & 1);
    }
    sums[at % size] = (sums[at % size] ?? 0) + byte;
  }
  for (let carry = -1; carry !== 0;) {
    carry = Math.max(carry, 0);
    for (let at = size - 1; at >= 0; at -= 1) {
      const sum = (sums[at] ?? 0) + carry;
      sums[at] = sum & 0xff;
      carry = sum >> 8;
    }
  }
  return Buffer.from(sums);
}

/** What the MAC is over: of the older types what was encrypted, of those of RFC 8009 the initial vector and the result. */
function signed(type: EncryptionType, whole: Buffer, cipher: Buffer): Buffer {
  return profiles[type].hash === 'sha1' ? whole : Buffer.concat([zeroBlock, cipher]);
}

function mac(key: KerberosKey, usage: number, use: 'integrity' | 'checksum', bytes: Buffer): Buffer {
  const { hash, macBytes } = profiles[key.type];
  return createHmac(hash, deriveKey(key, usage, use))
    .update(bytes)
    .digest()
    .subarray(0, macBytes);
}

/** CBC with ciphertext stealing, the last two blocks always swapped (RFC 3962, section 5). At least one block. */
export function encryptBlocks(type: EncryptionType, key: Buffer, plain: Buffer): Buffer {
  const padded = Buffer.alloc(Math.ceil(plain.length / blockBytes) * blockBytes);
  plain.copy(padded);
  const cipher = createCipheriv(`${profiles[type].cipher}-cbc`, key, zeroBlock).setAutoPadding(false);
  const blocks = Buffer.concat([cipher.update(padded), cipher.final()]);
  if (blocks.length === blockBytes) return blocks;
  const last = blocks.length - blockBytes;
  const before = blocks.subarray(0, last - blockBytes);
  return Buffer.concat([before, blocks.subarray(last), blocks.subarray(last - blockBytes, last)]).subarray(
    0,
    plain.length,
  );
}

export function decryptBlocks(type: EncryptionType, key: Buffer, bytes: Buffer): Buffer {
  const decipherWith = (mode: 'cbc' | 'ecb', part: Buffer): Buffer => {
    const vector = mode === 'cbc' ? zeroBlock : null;
    const decipher = createDecipheriv(`${profiles[type].cipher}-${mode}`, key, vector).setAutoPadding(false);
    return Buffer.concat([decipher.update(part), decipher.final()]);
  };
  if (bytes.length === blockBytes) return decipherWith('cbc', bytes);
  const lastLength = bytes.length % blockBytes === 0 ? blockBytes : bytes.length % blockBytes;
  const at = bytes.length - lastLength - blockBytes;
  const swapped = bytes.subarray(at, at + blockBytes);
  const stolen = bytes.subarray(at + blockBytes);
  // The last block but one is the stolen bytes, and after them what the last one decrypts to there.
  const tail = decipherWith('ecb', swapped).subarray(lastLength);
  const blocks = Buffer.concat([bytes.subarray(0, at), stolen, tail, swapped]);
  return decipherWith('cbc', blocks).subarray(0, bytes.length);
}

function leastCommonMultiple(left: number, right: number): number {
  let [a, b] = [left, right];
  while (b !== 0) [a, b] = [b, a % b];
  return (left / a) * right;
}

function wrongKey(): KerberosError {
  return new KerberosError(
    kerberosErrors.denied,
    'What came cannot be decrypted: the key is of another principal or version.',
  );
}
