/**
 * Encoded batches under AES-CTR, as a file channel with `encryption.activeKey` keeps them: `u8 version=2, u8 length of the alias,
 * u16 0, u32 events, 16 bytes IV, alias, ciphertext` of a plain encoded batch. Each batch has a random IV of its own. The key is
 * named, so that batches of older keys can still be read. CTR hides and does not protect from changes: the checksum of the queue
 * covers the ciphertext against damage only, as in Flume.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { EventBatch } from '#pipeline/event-batch';
import { MillraceError, type ErrorKind } from '#std/errors';
import { countOf, decodeBatch, encodeBatch } from '../batch-codec.js';
import type { BatchCodec } from '../stored-events.js';

export const encryptionErrors = {
  keyMissing: { code: 'connectors.channel.key-missing', retriable: false },
} satisfies Record<string, ErrorKind>;

const version = 2;
const ivBytes = 16;
const fixedBytes = 8 + ivBytes;

export interface KeyRing {
  /** Alias of the key for new batches; null: they are not encrypted. */
  readonly active: string | null;
  /** 16, 24 or 32 bytes each. */
  readonly keys: ReadonlyMap<string, Buffer>;
}

/** Reads plain batches too, those of before encryption was switched on. */
export class EncryptedBatchCodec implements BatchCodec {
  constructor(private readonly ring: KeyRing) {}

  encode(batch: EventBatch, allocate: (size: number) => Buffer): Buffer {
    const { active } = this.ring;
    const plain = encodeBatch(batch, allocate);
    if (active === null) return plain;
    const alias = Buffer.from(active);
    const head = Buffer.alloc(fixedBytes + alias.length);
    head[0] = version;
    head[1] = alias.length;
    head.writeUInt32LE(batch.count, 4);
    const iv = randomBytes(ivBytes);
    iv.copy(head, 8);
    alias.copy(head, fixedBytes);
    const key = this.keyOf(active);
    const cipher = createCipheriv(`aes-${key.length * 8}-ctr`, key, iv);
    return Buffer.concat([head, cipher.update(plain), cipher.final()]);
  }

  decode(bytes: Buffer): EventBatch {
    if (bytes[0] !== version) return decodeBatch(bytes);
    const bodyAt = fixedBytes + (bytes[1] ?? 0);
    const key = this.keyOf(bytes.toString('utf8', fixedBytes, bodyAt));
    const decipher = createDecipheriv(`aes-${key.length * 8}-ctr`, key, bytes.subarray(8, fixedBytes));
    return decodeBatch(Buffer.concat([decipher.update(bytes.subarray(bodyAt)), decipher.final()]));
  }

  countOf(bytes: Buffer): number {
    return countOf(bytes);
  }

  private keyOf(alias: string): Buffer {
    const key = this.ring.keys.get(alias);
    if (key !== undefined) return key;
    const known = [...this.ring.keys.keys()].join(', ');
    throw new MillraceError(
      encryptionErrors.keyMissing,
      `The channel has events under the key "${alias}", which encryption.keyProvider.keys does not name (${known === '' ? 'it names none' : known}). Add it, and keep it until they are taken.`,
    );
  }
}
