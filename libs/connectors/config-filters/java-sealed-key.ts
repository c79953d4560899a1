/**
 * Secret keys of a Java key store of type JCEKS, as Hadoop's credential providers keep passwords in. Such an entry is a serialized
 * Java object that holds another one, encrypted by PBE with MD5 and Triple DES (JDK, `com.sun.crypto.provider.KeyProtector`).
 */
import { createDecipheriv, createHash, hash, timingSafeEqual } from 'node:crypto';
import { derTag, derValue, derValues } from '#std/der';
import { JavaStream } from './java-stream.js';

const storeMagic = 0xcececece;
const storeVersion = 2;
const tags = { privateKey: 1, certificate: 2, secretKey: 3 };
const iterationsMax = 5_000_000;

/**
 * How to open every secret key, by its alias, with a password of its own or the store's; each takes the time of hundreds of thousands of hashes, which is what protects it. Throws a
 * sentence for another file, or another password.
 */
export function readSecretKeys(file: Buffer, password: string): Map<string, (keyPassword?: string) => Buffer> {
  checkIntegrity(file, password);
  const reader = new JavaStream(file);
  if (reader.uint32() !== storeMagic || reader.uint32() !== storeVersion) {
    throw new Error('it is no key store of type JCEKS');
  }
  const keys = new Map<string, (keyPassword?: string) => Buffer>();
  for (let left = reader.uint32(); left > 0; left -= 1) {
    const tag = reader.uint32();
    const alias = reader.text();
    reader.skip(8);
    if (tag !== tags.secretKey) throw new Error(`its entry ${alias} is a key pair or a certificate, not a secret`);
    const sealed = reader.byteArrays();
    keys.set(alias, (keyPassword = password) => openSealed(sealed, keyPassword));
  }
  return keys;
}

/** The last 20 bytes: SHA-1 over the password as UTF-16, Sun's salt, and all that comes before. */
function checkIntegrity(file: Buffer, password: string): void {
  const body = file.subarray(0, -20);
  const seal = Buffer.from(password, 'utf16le').swap16();
  const digest = createHash('sha1').update(seal).update('Mighty Aphrodite').update(body).digest();
  const written = file.subarray(-20);
  if (written.length !== 20 || !timingSafeEqual(digest, written))
    throw new Error('the password is wrong, or the file is damaged');
}

/** Encoded parameters and content of the sealed object; inside is a serialized key whose byte array is the secret. */
function openSealed([parameters, content]: readonly Buffer[], password: string): Buffer {
  if (parameters === undefined || content === undefined) throw new Error('an entry is not sealed as the JDK does it');
  const { salt, iterations } = readPbeParameters(parameters);
  const derived = deriveKey(Buffer.from(password, 'latin1'), salt, iterations);
  const cipher = createDecipheriv('des-ede3-cbc', derived.subarray(0, 24), derived.subarray(24, 32));
  const plain = Buffer.concat([cipher.update(content), cipher.final()]);
  const [secret] = new JavaStream(plain).byteArrays();
  if (secret === undefined) throw new Error('an entry holds no key');
  return secret;
}

/** SEQUENCE { OCTET STRING salt, INTEGER iterations } */
function readPbeParameters(der: Buffer): { salt: Buffer; iterations: number } {
  const [salt, count] = derValues(derValue(der).content);
  if (
    salt?.tag !== derTag.octets ||
    salt.content.length !== 8 ||
    count?.tag !== derTag.integer ||
    count.content.length > 6
  ) {
    throw new Error('the parameters of an entry are unknown');
  }
  const iterations = count.content.readUIntBE(0, count.content.length);
  if (iterations > iterationsMax) throw new Error(`an entry wants ${iterations} rounds of its cipher`);
  return { salt: salt.content, iterations };
}

/** Both halves of the salt are hashed with the password so many times; where they are alike the first is turned round. */
function deriveKey(password: Buffer, salt: Buffer, iterations: number): Buffer {
  const first = Buffer.from(salt.subarray(0, 4));
  const second = salt.subarray(4, 8);
  if (first.equals(second)) first.reverse();
  return Buffer.concat(
    [first, second].map((half) => {
      let digest = hash('md5', Buffer.concat([half, password]), 'buffer');
      for (let round = 1; round < iterations; round += 1)
        digest = hash('md5', Buffer.concat([digest, password]), 'buffer');
      return digest;
    }),
  );
}
