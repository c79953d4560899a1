/**
 * Key stores of Java in its own format, JKS (big endian, text as UTF-8 with a length before it):
 *
 *     magic feedfeed · version 1 or 2 · count · entries · SHA-1
 *     entry 1: alias · ms · protected key (PKCS #8 in Sun's wrapping) · count · certificates      a key and its chain
 *     entry 2: alias · ms · certificate                                                           a trusted certificate
 *     certificate: type (version 2 only) · length · bytes
 *
 * The digest at the end is keyed: SHA-1 of the password in UTF-16, the words `Mighty Aphrodite` and all that is before it. A key is hidden
 * by a stream of SHA-1 values: the first of password and salt, each next one of password and the one before; after it stands SHA-1 of
 * password and key.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { systemCode } from '#std/errors';
import { derTag, derValue, derValues, oidText } from '#std/der';

export interface JavaKeyStore {
  readonly keys: readonly JavaKey[];
  /** Trusted certificates, DER. */
  readonly certificates: readonly Buffer[];
}

export interface JavaKey {
  readonly alias: string;
  /** PKCS #8, DER. */
  readonly key: Buffer;
  /** Its own certificate first, DER. */
  readonly chain: readonly Buffer[];
}

const magic = 0xfeedfeed;
/** Of stores with other ciphers, `JCEKS`, which Flume does not read as JKS either. */
const magicOfJceks = 0xcececece;
const digestBytes = 20;
const keyProtection = '1.3.6.1.4.1.42.2.17.1.1';

export function isJavaKeyStore(file: Buffer): boolean {
  return file.length >= 4 && [magic, magicOfJceks].includes(file.readUInt32BE(0));
}

/**
 * Reads a store. Without a password its digest is not checked, and its keys cannot be read (they are left out). `keyPassword` is the one of its
 * keys where that is another. Throws an Error that says what is wrong with it.
 */
export function readJavaKeyStore(
  file: Buffer,
  password: string | null,
  keyPassword: string | null = password,
): JavaKeyStore {
  if (file.readUInt32BE(0) === magicOfJceks)
    throw new Error('it is a JCEKS store, and only JKS, PKCS12 and PEM are read');
  try {
    if (password !== null) checkDigest(file, password);
    return new StoreReader(file.subarray(0, -digestBytes)).store(keyPassword);
  } catch (error) {
    const isCut =
      error instanceof RangeError || /^ERR_(OUT_OF_RANGE|BUFFER_OUT_OF_BOUNDS)$/.test(systemCode(error) ?? '');
    if (isCut) throw new Error('it is damaged: an entry is not whole', { cause: error });
    throw error;
  }
}

class StoreReader {
  private at = 4;

  constructor(private readonly file: Buffer) {}

  store(password: string | null): JavaKeyStore {
    const version = this.int();
    if (version !== 1 && version !== 2) throw new Error(`it is JKS of version ${version}, and there are 1 and 2`);
    const keys: JavaKey[] = [];
    const certificates: Buffer[] = [];
    for (let left = this.int(); left > 0; left -= 1) {
      const tag = this.int();
      const alias = this.text();
      this.take(8);
      if (tag === 2) {
        certificates.push(this.certificate(version));
        continue;
      }
      if (tag !== 1) throw new Error(`its entry "${alias}" is of the unknown kind ${tag}`);
      const hidden = this.take(this.int());
      const chain: Buffer[] = [];
      for (let rest = this.int(); rest > 0; rest -= 1) chain.push(this.certificate(version));
      if (password !== null) keys.push({ alias, key: readKey(alias, hidden, password), chain });
    }
    return { keys, certificates };
  }

  private certificate(version: number): Buffer {
    if (version === 2) this.text();
    return this.take(this.int());
  }

  private int(): number {
    const value = this.file.readUInt32BE(this.at);
    this.at += 4;
    return value;
  }

  private text(): string {
    const length = this.file.readUInt16BE(this.at);
    this.at += 2;
    return this.take(length).toString();
  }

  private take(bytes: number): Buffer {
    const end = this.at + bytes;
    if (end > this.file.length) throw new RangeError('cut off');
    const taken = this.file.subarray(this.at, end);
    this.at = end;
    return taken;
  }
}

function checkDigest(file: Buffer, password: string): void {
  const content = file.subarray(0, -digestBytes);
  const expected = sha1(utf16(password), Buffer.from('Mighty Aphrodite'), content);
  const found = file.subarray(-digestBytes);
  if (found.length === digestBytes && timingSafeEqual(found, expected)) return;
  throw new Error('its password is wrong, or it was changed or cut off');
}

function readKey(alias: string, hidden: Buffer, password: string): Buffer {
  const [algorithm, octets] = derValues(derValue(hidden).content);
  const oid = algorithm === undefined ? '' : oidText(derValue(algorithm.content).content);
  if (oid !== keyProtection || octets?.tag !== derTag.octets || octets.content.length < 2 * digestBytes) {
    throw new Error(`its key "${alias}" is protected in a way that is not known here (${oid})`);
  }
  const { content } = octets;
  const secret = utf16(password);
  const key = Buffer.from(content.subarray(digestBytes, -digestBytes));
  let stream = content.subarray(0, digestBytes);
  for (let at = 0; at < key.length; at += 1) {
    if (at % digestBytes === 0) stream = sha1(secret, stream);
    key.writeUInt8(key.readUInt8(at) ^ stream.readUInt8(at % digestBytes), at);
  }
  if (timingSafeEqual(sha1(secret, key), content.subarray(-digestBytes))) return key;
  throw new Error(`the password of its key "${alias}" is another than the store's, or than the one given for it`);
}

/** Big endian, as Java has its characters in memory. */
function utf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}

function sha1(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha1');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
