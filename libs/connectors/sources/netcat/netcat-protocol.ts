import { isUtf8 } from 'node:buffer';
import { EventBatch } from '#pipeline/event-batch';
import { messageOf } from '#std/errors';
import { findCharset, requireCharset } from '../charset.js';
import type { SocketProtocol } from '../event-socket.js';
import { cutLines, type CutLines } from '../line-cutter.js';

export interface NetcatProtocolOptions {
  /** Line end included. */
  readonly lineCharsMax: number;
  readonly acknowledges: boolean;
  readonly encoding: string;
}

/** Lines of one peer. UTF-8 stays the bytes that it was; what is not UTF-8 becomes it. */
export class NetcatProtocol implements SocketProtocol {
  farewell: string | null = null;
  private rest: Buffer = Buffer.alloc(0);
  private readonly recode: ((chunk: Buffer) => Buffer) | null;

  constructor(private readonly options: NetcatProtocolOptions) {
    this.recode = recoderOf(options.encoding);
  }

  push(received: Buffer): EventBatch {
    const chunk = this.recode === null ? received : this.recode(received);
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const cut = cutLines(bytes, { from: 0, to: bytes.length }, Number.MAX_SAFE_INTEGER, false);
    const good = this.countGood(bytes, cut);
    const rest = bytes.subarray(cut.next);
    if (good < cut.starts.length || this.isTooLong(rest)) {
      this.rest = Buffer.alloc(0);
      const { lineCharsMax } = this.options;
      this.farewell = `FAILED: Event exceeds the maximum length (${lineCharsMax} chars, including newline)\n`;
    } else {
      // Copied, so that half a line does not hold on to its whole chunk.
      this.rest = Buffer.from(rest);
    }
    return toUtf8(bytes, cut.starts.subarray(0, good), cut.ends.subarray(0, good));
  }

  answer(count: number, refusal: unknown): string {
    if (refusal !== null) return `FAILED: ${messageOf(refusal).replaceAll(/\s+/g, ' ')}\n`.repeat(count);
    return this.options.acknowledges ? 'OK\n'.repeat(count) : '';
  }

  /** How many lines there are before one that is too long. */
  private countGood(bytes: Buffer, { starts, ends }: CutLines): number {
    for (let index = 0; index < starts.length; index += 1) {
      const start = starts[index] ?? 0;
      const end = ends[index] ?? 0;
      if (end - start >= this.options.lineCharsMax && this.isTooLong(bytes.subarray(start, end))) return index;
    }
    return starts.length;
  }

  /** Whether there is no room for the line end. No line has more characters than bytes. */
  private isTooLong(line: Buffer): boolean {
    const { lineCharsMax } = this.options;
    return line.length >= lineCharsMax && line.toString('utf8').length >= lineCharsMax;
  }
}

/** For the option's `check`. */
export function checkStreamCharset(name: string): string | null {
  const charset = findCharset(name);
  if (charset === null) return 'must be a charset, such as UTF-8 or ISO-8859-1';
  const isDecodable = charset.unitBytes === 1 || /^UTF-16.E$/.test(charset.name);
  return isDecodable ? null : `${charset.name} is not supported here; UTF-16BE and UTF-16LE are`;
}

/** Null where lines come in UTF-8 already. */
function recoderOf(encoding: string): ((chunk: Buffer) => Buffer) | null {
  const charset = requireCharset(encoding);
  if (charset.name === 'UTF-8') return null;
  if (charset.unitBytes === 1 && charset.encode !== null) {
    return (chunk) => Buffer.from(charset.decode(chunk, 'REPLACE'), 'utf8');
  }
  // Keeps what of a character a chunk has only in part.
  const decoder = new TextDecoder(charset.name, { ignoreBOM: true });
  return (chunk) => Buffer.from(decoder.decode(chunk, { stream: true }), 'utf8');
}

function toUtf8(bytes: Buffer, starts: Int32Array, ends: Int32Array): EventBatch {
  const lines = new EventBatch(bytes, starts, ends);
  if (isUtf8(bytes.subarray(0, ends.at(-1) ?? 0))) return lines;
  return EventBatch.of(
    Array.from(starts, (_, index) => ({ body: Buffer.from(lines.body(index).toString('utf8'), 'utf8') })),
  );
}
