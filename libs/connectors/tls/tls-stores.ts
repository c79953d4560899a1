/** Keys and certificates as Node's TLS takes them, out of JKS, PKCS12 and PEM files. What a file is, is seen from its content. */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { KeyMaterial } from '#net/key-store';
import { pkcs12Certificates } from '#net/pkcs12-certificates';
import { MillraceError, messageOf, type ErrorKind } from '#std/errors';
import { isJavaKeyStore, readJavaKeyStore } from './java-key-store.js';

export const tlsErrors = {
  /** A key store, trust store or a selection of protocols and ciphers that cannot be used. */
  unusable: { code: 'connectors.tls.unusable', retriable: false },
} satisfies Record<string, ErrorKind>;

export interface StorePlace {
  readonly path: string;
  readonly password: string | null;
  /** Of the key in it, where that is another; PKCS12 files have one for both. */
  readonly keyPassword?: string | null;
}

/** A key and its certificates. Throws `connectors.tls.unusable`. */
export function readKeys({ path, password, keyPassword }: StorePlace): KeyMaterial {
  const what = `key store ${path}`;
  const material = guarded(what, () => keysOf(readFileSync(path), password, keyPassword ?? password));
  guarded(what, () => createSecureContext(material));
  return material;
}

/** The certificates that others must lead to, PEM. Throws `connectors.tls.unusable`. */
export function readCertificates({ path, password }: StorePlace): string[] {
  return guarded(`trust store ${path}`, () => {
    const found = certificatesOf(readFileSync(path), password);
    if (found.length === 0) throw new Error('there is no trusted certificate in it');
    return found;
  });
}

function keysOf(file: Buffer, password: string | null, keyPassword: string | null): KeyMaterial {
  if (isJavaKeyStore(file)) {
    if (keyPassword === null) throw new Error('its key cannot be read without a password');
    const [first] = readJavaKeyStore(file, password, keyPassword).keys;
    if (first === undefined) throw new Error('there is no key in it');
    return { key: pem('PRIVATE KEY', first.key), cert: first.chain.map(certificatePem).join('') };
  }
  if (!isPem(file)) return { pfx: file, passphrase: password ?? '' };
  const text = file.toString();
  const key = /-----BEGIN ((?:RSA |EC |ENCRYPTED )?PRIVATE KEY)-----[^]+?-----END \1-----/.exec(text)?.[0];
  const cert = text.match(certificateBlock)?.join('\n');
  if (key === undefined) throw new Error('there is no private key (-----BEGIN PRIVATE KEY-----) in it');
  if (cert === undefined) throw new Error('there is no certificate (-----BEGIN CERTIFICATE-----) in it');
  return { key, cert, ...(keyPassword === null ? {} : { passphrase: keyPassword }) };
}

/** Of a Java store also the certificates of its keys, which Java trusts too. */
function certificatesOf(file: Buffer, password: string | null): string[] {
  if (isPem(file)) return [...(file.toString().match(certificateBlock) ?? [])];
  if (!isJavaKeyStore(file)) return pkcs12Certificates(file, password ?? '');
  const { certificates, keys } = readJavaKeyStore(file, password);
  return [...certificates, ...keys.flatMap(({ chain }) => chain.slice(0, 1))].map(certificatePem);
}

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function isPem(file: Buffer): boolean {
  return file.includes('-----BEGIN ');
}

function certificatePem(der: Buffer): string {
  return pem('CERTIFICATE', der);
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

function guarded<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new MillraceError(
      tlsErrors.unusable,
      `The ${what} cannot be used: ${reasonOf(error)}. keytool -list -keystore FILE shows what is in one.`,
      { cause: error },
    );
  }
}

function reasonOf(error: unknown): string {
  const text = messageOf(error).replace(/^Error: /, '');
  if (/mac verify failure/i.test(text)) return 'its password is wrong';
  if (/not enough data|asn1|wrong tag|header too long|^cut off$/i.test(text))
    return 'it is no JKS, PKCS12 or PEM file, or damaged';
  if (/unsupported/i.test(text)) {
    return 'it is encrypted by an outdated algorithm; write it anew: keytool -importkeystore -srckeystore OLD -destkeystore NEW -deststoretype PKCS12';
  }
  return text;
}
