import { gunzipSync } from 'node:zlib';
import { tarEntries, zipEntries } from '../archive/archive-entries.js';
import { bunzip2 } from '../archive/bzip2.js';
import type { Command, CommandInput, CommandType } from '../command.js';
import { MorphlineRuntimeError } from '../errors.js';
import { javaText } from '../java-value.js';
import { fields, MorphlineRecord } from '../record.js';
import { AttachmentReader } from './attachment-reader.js';

/** Bytes that come out of one attachment at most, so that a small one cannot fill the memory. */
const unpackedBytesMax = 256 * 1024 * 1024;

/** Decompresses the attachment: gzip or bzip2, told by its first bytes. */
export const decompress: CommandType = {
  name: 'decompress',
  className: 'org.kitesdk.morphline.tika.decompress.DecompressBuilder',
  create: (input) => new Decompress(input),
};

/** One record for each file in the attachment: tar, zip or jar, told by its first bytes. */
export const unpack: CommandType = {
  name: 'unpack',
  className: 'org.kitesdk.morphline.tika.decompress.UnpackBuilder',
  create: (input) => new Unpack(input),
};

class Decompress extends AttachmentReader {
  constructor({ arguments: args, child }: CommandInput) {
    super(child, args, ['application/gzip', 'application/x-gzip', 'application/x-bzip', 'application/x-bzip2']);
  }

  protected read(record: MorphlineRecord, bytes: Uint8Array): boolean {
    const name = record.first(fields.attachmentName);
    const plainName = name === undefined ? '' : uncompressedName(javaText(name));
    return passOn(this.child, record.copy(), plainName, decompressed(bytes));
  }
}

class Unpack extends AttachmentReader {
  constructor({ arguments: args, child }: CommandInput) {
    super(child, args, ['application/zip', 'application/java-archive', 'application/x-tar', 'application/x-gtar']);
  }

  protected read(_record: MorphlineRecord, bytes: Uint8Array): boolean {
    const archive = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const isZip = archive.toString('latin1', 0, 2) === 'PK';
    if (!isZip && archive.toString('latin1', 257, 262) !== 'ustar')
      throw new MorphlineRuntimeError('unpack reads tar, zip and jar archives, and this is none');
    let left = unpackedBytesMax;
    for (const entry of isZip ? zipEntries(archive, unpackedBytesMax) : tarEntries(archive)) {
      left -= entry.bytes.length;
      if (left < 0) throw new MorphlineRuntimeError(`the archive holds more than ${unpackedBytesMax} bytes`);
      // As in Kite, what the archive's record held besides is not in the records of its files.
      if (!passOn(this.child, MorphlineRecord.empty(), entry.name, entry.bytes)) return false;
    }
    return true;
  }
}

function passOn(child: Command, output: MorphlineRecord, name: string, bytes: Uint8Array): boolean {
  output.removeAttachments();
  output.put(fields.attachmentBody, bytes);
  if (name !== '') output.put(fields.attachmentName, name);
  return child.process(output);
}

function decompressed(bytes: Uint8Array): Uint8Array {
  if (bytes[0] === 0x42 && bytes[1] === 0x5a) return bunzip2(bytes, unpackedBytesMax);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b)
    throw new MorphlineRuntimeError('decompress reads gzip and bzip2, and this is neither');
  try {
    return gunzipSync(bytes, { maxOutputLength: unpackedBytesMax });
  } catch (error) {
    throw new MorphlineRuntimeError('the gzip data cannot be decompressed', { cause: error });
  }
}

/** `x.tar.gz` is `x.tar`, and so is `x.tgz`. */
function uncompressedName(name: string): string {
  return name.replace(/\.(?:tgz|taz|tbz2?)$/, '.tar').replace(/(?:\.|-)(?:gz|bz2?|z)$/, '');
}
