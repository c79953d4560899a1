import { derTag, derValue, derValues, oidText, type DerValue } from '#std/der';

/** The types that RFC 2253 gives a name; every other is written as its number and the bytes of its value. */
const names: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.6': 'C',
  '2.5.4.9': 'STREET',
  '0.9.2342.19200300.100.1.25': 'DC',
  '0.9.2342.19200300.100.1.1': 'UID',
};

const bmpString = 30;
/** UTF-8, numeric, printable, T.61, IA5 and visible strings. */
const byteStrings = new Set([12, 18, 19, 20, 22, 26]);

/**
 * The subject of a certificate (DER) as Java's X500Principal.getName() writes it, which is what Kafka takes for the principal: RFC 2253, the most
 * special part first, `CN=client,OU=x,O=y`. Throws a RangeError where it is no certificate.
 */
export function subjectOf(certificate: Buffer): string {
  const fields = derValues(derValue(derValue(certificate).content).content);
  const hasVersion = fields[0]?.tag === derTag.context0;
  const subject = fields[hasVersion ? 5 : 4];
  if (subject?.tag !== derTag.sequence) throw new RangeError('the certificate has no subject');
  return derValues(subject.content).reverse().map(relativeName).join(',');
}

function relativeName(set: DerValue): string {
  return derValues(set.content)
    .map(({ content }) => {
      const [type, value] = derValues(content);
      if (type === undefined || value === undefined) throw new RangeError('a name has no value');
      const oid = oidText(type.content);
      const name = names[oid];
      const text = textOf(value);
      return name === undefined || text === null
        ? `${name ?? oid}=#${value.whole.toString('hex')}`
        : `${name}=${escaped(text)}`;
    })
    .join('+');
}

function textOf({ tag, content }: DerValue): string | null {
  if (byteStrings.has(tag)) return content.toString('utf8');
  return tag === bmpString ? Buffer.from(content).swap16().toString('utf16le') : null;
}

function escaped(text: string): string {
  return text
    .replaceAll(/[,+"\\<>;=#]/g, '\\$&')
    .replace(/^ /, '\\$&')
    .replace(/ $/, '\\ ');
}
