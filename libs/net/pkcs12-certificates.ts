/**
 * The certificates in a PKCS12 file that has no key (RFC 7292): a trust store. Node reads PKCS12 only with a key in it. What is read: bags in clear,
 * and bags encrypted by PBES2, as keytool of Java 17 and OpenSSL 3 write them.
 */
import { createDecipheriv, pbkdf2Sync } from 'node:crypto';
import { derTag, derValue, derValues, oidText, type DerValue } from '#std/der';

const oids = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  certificateBag: '1.2.840.113549.1.12.10.1.3',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
} as const;

const digests: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

const ciphers: Readonly<Record<string, { name: string; keyBytes: number }>> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyBytes: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyBytes: 24 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', keyBytes: 32 },
};

const iterationsMax = 10_000_000;

/** Certificates as PEM. Throws an Error that says what cannot be read; a wrong password is a decryption that fails. */
export function pkcs12Certificates(file: Buffer, password: string): string[] {
  const authSafe = child(child(derValue(file), 1), 1);
  const safes = derValues(derValue(octetsOf(derValue(authSafe.content))).content);
  return safes.flatMap((info) => {
    const type = oidText(child(info, 0).content);
    const content = derValue(child(info, 1).content);
    if (type === oids.data) return certificatesOf(octetsOf(content));
    if (type === oids.encryptedData) return certificatesOf(decrypt(child(content, 1), password));
    return [];
  });
}

function certificatesOf(safeContents: Buffer): string[] {
  return derValues(derValue(safeContents).content).flatMap((bag) => {
    if (oidText(child(bag, 0).content) !== oids.certificateBag) return [];
    const certificate = derValue(child(bag, 1).content);
    if (oidText(child(certificate, 0).content) !== oids.x509Certificate) return [];
    return [pem(octetsOf(derValue(child(certificate, 1).content)))];
  });
}

/** EncryptedContentInfo: the type, the algorithm with its parameters, the bytes. */
function decrypt(info: DerValue, password: string): Buffer {
  const algorithm = child(info, 1);
  const name = oidText(child(algorithm, 0).content);
  if (name !== oids.pbes2) throw new Error(`its certificates are encrypted by ${name}, which is outdated`);
  const parameters = child(algorithm, 1);
  const derivation = child(parameters, 0);
  const scheme = child(parameters, 1);
  const cipher = ciphers[oidText(child(scheme, 0).content)];
  if (oidText(child(derivation, 0).content) !== oids.pbkdf2 || cipher === undefined) {
    throw new Error('its certificates are encrypted in a way that is not known here');
  }
  const [salt, rounds, ...rest] = derValues(child(derivation, 1).content);
  const digestOid = rest.find(({ tag }) => tag === derTag.sequence);
  const digest = digestOid === undefined ? 'sha1' : digests[oidText(child(digestOid, 0).content)];
  const iterations = Number(BigInt(`0x${rounds?.content.toString('hex') ?? '0'}`));
  if (salt === undefined || digest === undefined || iterations < 1 || iterations > iterationsMax) {
    throw new Error('its certificates are encrypted in a way that is not known here');
  }
  const key = pbkdf2Sync(password, salt.content, iterations, cipher.keyBytes, digest);
  const decipher = createDecipheriv(cipher.name, key, child(scheme, 1).content);
  return Buffer.concat([decipher.update(octetsOf(child(info, 2))), decipher.final()]);
}

function child(value: DerValue, index: number): DerValue {
  const found = derValues(value.content)[index];
  if (found === undefined) throw new RangeError('cut off');
  return found;
}

/** Octets may come whole, or in parts where the length was not known (BER), as old tools wrote them. */
function octetsOf(value: DerValue): Buffer {
  const isConstructed = (value.tag & 0x20) !== 0;
  return isConstructed ? Buffer.concat(derValues(value.content).map(({ content }) => content)) : value.content;
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
