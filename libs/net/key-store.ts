/** Keys and certificates of a listener, out of PEM and PKCS12 files or settings. */
import { readFileSync } from 'node:fs';
import { MillraceError, messageOf } from '#std/errors';
import { netErrors } from './errors.js';
import { pkcs12Certificates } from './pkcs12-certificates.js';

export type StoreType = 'PEM' | 'PKCS12' | 'JKS';

export interface KeyStoreSettings {
  /** Null: what the file looks like. */
  readonly type: StoreType | null;
  readonly location: string | null;
  readonly password: string | null;
  /** In PEM, instead of a file. */
  readonly certificateChain: string | null;
  readonly key: string | null;
  readonly keyPassword: string | null;
}

export interface TrustStoreSettings {
  readonly type: StoreType | null;
  readonly location: string | null;
  readonly password: string | null;
  /** In PEM, instead of a file. */
  readonly certificates: string | null;
}

/** As `tls.createSecureContext` takes it. */
export interface KeyMaterial {
  readonly cert?: string;
  readonly key?: string;
  readonly pfx?: Buffer;
  readonly passphrase?: string;
}

/** Throws `net.tls.key_store`. */
export function readKeyStore(settings: KeyStoreSettings): KeyMaterial {
  const { location, certificateChain, key, keyPassword, password } = settings;
  if (certificateChain !== null || key !== null) {
    if (certificateChain === null || key === null) {
      throw unusable(
        'ssl.keystore',
        'ssl.keystore.certificate.chain and ssl.keystore.key must both be set, or neither',
      );
    }
    return pemMaterial('ssl.keystore', {
      chain: unfolded(certificateChain),
      key: unfolded(key),
      password: keyPassword,
    });
  }
  if (location === null) {
    throw unusable('ssl.keystore', 'a listener with TLS needs ssl.keystore.location, or certificate and key in PEM');
  }
  const file = readStore('ssl.keystore.location', location);
  const type = settings.type ?? typeOf(file);
  if (type === 'JKS') throw jks('ssl.keystore', location);
  if (type === 'PKCS12') return { pfx: file, passphrase: password ?? '' };
  const text = file.toString('utf8');
  return pemMaterial(`ssl.keystore.location ${location}`, {
    chain: text,
    key: text,
    password: keyPassword ?? password,
  });
}

/** Certificates in PEM that others must lead to; null where none are set. Throws `net.tls.key_store`. */
export function readTrustStore(settings: TrustStoreSettings): string[] | null {
  const { location, certificates, password } = settings;
  if (certificates !== null) return trusted('ssl.truststore.certificates', unfolded(certificates));
  if (location === null) return null;
  const file = readStore('ssl.truststore.location', location);
  const type = settings.type ?? typeOf(file);
  if (type === 'JKS') throw jks('ssl.truststore', location);
  if (type === 'PEM') return trusted(`ssl.truststore.location ${location}`, file.toString('utf8'));
  try {
    const found = pkcs12Certificates(file, password ?? '');
    if (found.length > 0) return found;
  } catch (error) {
    throw unusable(
      `ssl.truststore.location ${location}`,
      'no certificate can be read from this PKCS12 file; is ssl.truststore.password right? PEM is always read: ' +
        `openssl pkcs12 -in ${location} -nokeys -legacy -out truststore.pem`,
      error,
    );
  }
  throw unusable(`ssl.truststore.location ${location}`, 'there is no certificate in this PKCS12 file');
}

const blocks = {
  certificate: /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g,
  key: /-----BEGIN ((?:RSA |EC |ENCRYPTED )?PRIVATE KEY)-----[^]+?-----END \1-----/,
};

function pemMaterial(what: string, pem: { chain: string; key: string; password: string | null }): KeyMaterial {
  const cert = pem.chain.match(blocks.certificate)?.join('\n');
  const key = blocks.key.exec(pem.key)?.[0];
  if (cert === undefined) throw unusable(what, 'there is no certificate (-----BEGIN CERTIFICATE-----) in it');
  if (key === undefined) throw unusable(what, 'there is no private key (-----BEGIN PRIVATE KEY-----) in it');
  return pem.password === null ? { cert, key } : { cert, key, passphrase: pem.password };
}

function trusted(what: string, text: string): string[] {
  const found = text.match(blocks.certificate);
  if (found === null) throw unusable(what, 'there is no certificate (-----BEGIN CERTIFICATE-----) in it');
  return [...found];
}

/** In a line of a settings file the lines of PEM may be written as `\n` or blanks. */
function unfolded(text: string): string {
  if (text.includes('\n')) return text;
  return text
    .replaceAll('\\n', '\n')
    .replaceAll(/(-----BEGIN [A-Z ]+-----)\s*/g, '$1\n')
    .replaceAll(/\s*(-----END [A-Z ]+-----)\s*/g, '\n$1\n');
}

function typeOf(file: Buffer): StoreType {
  if (file.length >= 4 && file.readUInt32BE(0) === 0xfeedfeed) return 'JKS';
  return file.includes('-----BEGIN ') ? 'PEM' : 'PKCS12';
}

function readStore(what: string, location: string): Buffer {
  try {
    return readFileSync(location);
  } catch (error) {
    throw unusable(`${what} ${location}`, 'the file cannot be read', error);
  }
}

function jks(setting: string, location: string): MillraceError {
  return unusable(
    `${setting}.location ${location}`,
    'Java key stores (JKS) are not read. Convert it and set the type to PKCS12: ' +
      `keytool -importkeystore -srckeystore ${location} -destkeystore ${location}.p12 -deststoretype PKCS12`,
  );
}

function unusable(what: string, reason: string, cause?: unknown): MillraceError {
  const tail = cause === undefined ? '' : ` (${messageOf(cause)})`;
  return new MillraceError(netErrors.keyStore, `${what}: ${reason}${tail}.`);
}
