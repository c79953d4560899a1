/** A kind of data: by bytes at a place, or by the ending of a file's name. */
export interface MimeType {
  readonly type: string;
  readonly magic: readonly { readonly offset: number; readonly bytes: Buffer }[];
  readonly endings: readonly string[];
}

function mimeType(
  type: string,
  magic: readonly (string | readonly [number, string])[],
  ...endings: string[]
): MimeType {
  return {
    type,
    endings,
    magic: magic.map((item) => {
      const [offset, text] = typeof item === 'string' ? ([0, item] as const) : item;
      return { offset, bytes: Buffer.from(text, 'latin1') };
    }),
  };
}

/** What flows through collectors, and what is often mistaken for it. Earlier ones win. */
export const commonMimeTypes: readonly MimeType[] = [
  mimeType('application/x-gzip', ['\x1f\x8b'], '.gz', '.tgz'),
  mimeType('application/x-bzip2', ['BZh'], '.bz2', '.tbz2'),
  mimeType('application/x-xz', ['\xfd7zXZ\0'], '.xz'),
  mimeType('application/zstd', ['\x28\xb5\x2f\xfd'], '.zst'),
  mimeType('application/java-archive', [], '.jar', '.war'),
  mimeType('application/zip', ['PK\x03\x04', 'PK\x05\x06'], '.zip'),
  mimeType('application/x-tar', [[257, 'ustar']], '.tar'),
  mimeType('application/pdf', ['%PDF-'], '.pdf'),
  mimeType('avro/binary', ['Obj\x01'], '.avro'),
  mimeType('application/x-parquet', ['PAR1'], '.parquet'),
  mimeType('application/x-orc', ['ORC'], '.orc'),
  mimeType('application/vnd.apache.hadoop.sequencefile', ['SEQ\x06'], '.seq'),
  mimeType('image/png', ['\x89PNG\r\n\x1a\n'], '.png'),
  mimeType('image/jpeg', ['\xff\xd8\xff'], '.jpg', '.jpeg'),
  mimeType('image/gif', ['GIF87a', 'GIF89a'], '.gif'),
  mimeType('application/xml', ['<?xml'], '.xml', '.xsd'),
  mimeType('text/html', ['<!DOCTYPE html', '<!doctype html', '<html', '<HTML'], '.html', '.htm'),
  mimeType('application/json', [], '.json'),
  mimeType('text/csv', [], '.csv'),
  mimeType('text/tab-separated-values', [], '.tsv'),
  mimeType('text/plain', [], '.txt', '.log', '.conf'),
];

/**
 * Types of a file in Tika's XML (`<mime-type type="…"><glob pattern="*.x"/><magic><match value="…" offset="0"/></magic></mime-type>`): globs
 * that are an ending, and matches of text or 0x bytes at a fixed offset. Others are passed over.
 */
export function parseMimeTypes(xml: string): readonly MimeType[] {
  return [...xml.matchAll(/<mime-type\s+type="([^"]+)"[^>]*>([^]*?)<\/mime-type>/g)].map(
    ([, type = '', inside = '']) => ({
      type,
      endings: [...inside.matchAll(/<glob\s[^>]*pattern="\*(\.[^"*?[]+)"/g)].map((match) => match[1] ?? ''),
      magic: [...inside.matchAll(/<match\s([^>]*)>/g)].flatMap(([, attributes = '']) => {
        const value = /value="([^"]*)"/.exec(attributes)?.[1];
        const offset = /offset="(\d+)"/.exec(attributes)?.[1] ?? (/offset=/.test(attributes) ? null : '0');
        return value === undefined || offset === null ? [] : [{ offset: Number(offset), bytes: magicBytes(value) }];
      }),
    }),
  );
}

/** `application/octet-stream` where nothing else fits; text without a mark of its own is `text/plain`. */
export function detectMimeType(bytes: Uint8Array, name: string, types: readonly MimeType[]): string {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, headBytes));
  const byName = types.find(({ endings }) => endings.some((ending) => name.toLowerCase().endsWith(ending)));
  const byMagic = types.find(({ magic }) =>
    magic.some((mark) => head.subarray(mark.offset, mark.offset + mark.bytes.length).equals(mark.bytes)),
  );
  // A jar is a zip archive, and its name says more.
  if (byMagic !== undefined)
    return byMagic.type === 'application/zip' && byName !== undefined ? byName.type : byMagic.type;
  // oxlint-disable-next-line no-control-regex
  const isText = head.length > 0 && !/[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(head.toString('latin1'));
  // A name is believed only where it says more of what was found.
  if (byName !== undefined && !(isText && byName.magic.length > 0 && !isTextType(byName.type))) return byName.type;
  return isText ? 'text/plain' : 'application/octet-stream';
}

function isTextType(type: string): boolean {
  return type.startsWith('text/') || type === 'application/xml' || type === 'application/json';
}

const headBytes = 8192;

function magicBytes(value: string): Buffer {
  if (/^0x[0-9a-fA-F]+$/.test(value)) return Buffer.from(value.slice(2), 'hex');
  const plain = value
    .replaceAll(/\\x([0-9a-fA-F]{2})/g, (_escape, code: string) => String.fromCharCode(parseInt(code, 16)))
    .replaceAll(/\\([0-7]{3})/g, (_escape, code: string) => String.fromCharCode(parseInt(code, 8)))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
  return Buffer.from(plain, 'latin1');
}
