/** What goes between the collector and `bin/JmsBridge.java`; the layout is described there. */
import { assert } from '#std/assert';

export const command = { next: 0x4e, commit: 0x43, rollback: 0x52, quit: 0x51 } as const;

export interface BridgedMessage {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

export type BridgeFrame =
  /** Connected, committed or rolled back. */
  | { readonly type: 'answer' }
  | { readonly type: 'batch'; readonly messages: readonly BridgedMessage[] }
  | { readonly type: 'warning' | 'error'; readonly text: string };

export function bridgeSettings(settings: Readonly<Record<string, string | null>>): Buffer {
  const entries = Object.entries(settings).flatMap(([name, value]) => (value === null ? [] : [[name, value]]));
  return Buffer.concat([int(entries.length), ...entries.flat().flatMap((word) => textBytes(word))]);
}

function textBytes(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  return [int(bytes.length), bytes];
}

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** A batch of large messages ends at 16 MiB and one message; a message of JMS has at most 2 GiB, but Node's buffers are no place for that. */
const frameBytesMax = 1024 * 1024 * 1024;

/** Cuts frames out of what the JVM writes. Throws an Error where that cannot be. */
export class BridgeReader {
  private pieces: Buffer[] = [];
  private bytes = 0;
  private wanted = 4;

  read(piece: Buffer): BridgeFrame[] {
    this.pieces.push(piece);
    this.bytes += piece.length;
    const frames: BridgeFrame[] = [];
    while (this.bytes >= this.wanted) {
      const all =
        this.pieces.length === 1 && this.pieces[0] !== undefined ? this.pieces[0] : Buffer.concat(this.pieces);
      const length = all.readInt32BE(0);
      if (length < 1 || length > frameBytesMax) throw new Error(`a frame of ${length} bytes`);
      const end = 4 + length;
      let rest = all;
      if (all.length >= end) {
        frames.push(parse(all.subarray(4, end)));
        rest = all.subarray(end);
        this.wanted = 4;
      } else {
        this.wanted = end;
      }
      this.pieces = rest.length === 0 ? [] : [rest];
      this.bytes = rest.length;
    }
    return frames;
  }
}

function parse(frame: Buffer): BridgeFrame {
  const fields = new Fields(frame.subarray(1));
  switch (String.fromCharCode(frame[0] ?? 0)) {
    case 'S':
    case 'D':
      return { type: 'answer' };
    case 'B':
      return { type: 'batch', messages: Array.from({ length: fields.int() }, () => fields.message()) };
    case 'W':
      return { type: 'warning', text: fields.blob().toString() };
    case 'E':
      return { type: 'error', text: fields.blob().toString() };
    default:
      throw new Error(`a frame of type ${frame[0] ?? 'none'}`);
  }
}

class Fields {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  int(): number {
    const value = this.bytes.readInt32BE(this.at);
    this.at += 4;
    assert(value >= 0, 'counts and lengths of the bridge are not negative');
    return value;
  }

  /** Shares memory with the frame, which holds little else than bodies. */
  blob(): Buffer {
    const length = this.int();
    const end = this.at + length;
    if (end > this.bytes.length) throw new Error('a frame that is too short');
    const blob = this.bytes.subarray(this.at, end);
    this.at = end;
    return blob;
  }

  message(): BridgedMessage {
    const headers: Record<string, string> = {};
    for (let left = this.int(); left > 0; left -= 1) {
      const name = this.blob().toString();
      headers[name] = this.blob().toString();
    }
    return { headers, body: this.blob() };
  }
}
