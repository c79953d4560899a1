/**
 * Frames of STOMP 1.2: a command, headers a line each, a blank line, a body, and a NUL. Line ends may have a carriage return before them;
 * between frames there may be line ends, which are signs of life. The first of repeated headers counts. The handshake (CONNECT, STOMP,
 * CONNECTED) has no escapes in headers, everything else has.
 */
import { StompError, stompErrors } from './errors.js';

export interface StompFrame {
  readonly command: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\r': '\\r', '\n': '\\n', ':': '\\c' };
const unescapes: Readonly<Record<string, string>> = { '\\\\': '\\', '\\r': '\r', '\\n': '\n', '\\c': ':' };
const handshake = new Set(['CONNECT', 'STOMP', 'CONNECTED']);
const noBody = Buffer.alloc(0);

/** With a content-length wherever there is a body. */
export function encodeFrame(command: string, headers: Readonly<Record<string, string>>, body: Buffer = noBody): Buffer {
  const isPlain = handshake.has(command);
  let head = `${command}\n`;
  for (const [name, value] of Object.entries(headers)) {
    if (isPlain && /[\r\n]/.test(name + value)) {
      throw new StompError(stompErrors.malformed, `The header ${name} of ${command} must not hold a line end.`);
    }
    head += isPlain ? `${name}:${value}\n` : `${escaped(name)}:${escaped(value)}\n`;
  }
  if (body.length > 0) head += `content-length:${body.length}\n`;
  return Buffer.concat([Buffer.from(`${head}\n`), body, Buffer.of(0)]);
}

function escaped(text: string): string {
  return text.replaceAll(/[\\\r\n:]/g, (character) => escapes[character] ?? character);
}

export interface FrameBounds {
  /** Of command and headers together. */
  readonly headBytesMax: number;
  readonly bodyBytesMax: number;
}

const newline = 0x0a;
const carriageReturn = 0x0d;

/** The body of a frame whose head has been read: its pieces, and how many bytes are wanted where that was said. */
interface OpenBody {
  readonly command: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly length: number | null;
  readonly pieces: Buffer[];
  bytes: number;
}

/** Cuts frames out of what a socket gives. Throws a StompError; the reader is of no use then. */
export class FrameReader {
  /** The beginning of a head. */
  private rest: Buffer = noBody;
  private open: OpenBody | null = null;

  constructor(private readonly bounds: FrameBounds) {}

  /** The frames that end in this piece. Bodies may share its memory. */
  read(piece: Buffer): StompFrame[] {
    const frames: StompFrame[] = [];
    let bytes = this.rest.length === 0 ? piece : Buffer.concat([this.rest, piece]);
    this.rest = noBody;
    while (bytes.length > 0) {
      const used = this.open === null ? this.readHead(bytes) : this.readBody(bytes, this.open, frames);
      if (used === 0) {
        this.rest = bytes;
        break;
      }
      bytes = bytes.subarray(used);
    }
    return frames;
  }

  /** Bytes used: all of the head, or the line ends before it; 0 where more is needed. */
  private readHead(bytes: Buffer): number {
    let start = 0;
    while (bytes[start] === newline || (bytes[start] === carriageReturn && bytes[start + 1] === newline)) {
      start += bytes[start] === newline ? 1 : 2;
    }
    if (start > 0) return start;
    const end = headEnd(bytes);
    if ((end === null ? bytes.length : end) > this.bounds.headBytesMax) {
      throw new StompError(stompErrors.tooLarge, `The headers of a frame exceed ${this.bounds.headBytesMax} bytes.`);
    }
    if (end === null) return 0;
    const { command, headers } = parseHead(bytes.toString('utf8', 0, end));
    const length = contentLength(headers);
    this.checkBody(length ?? 0);
    this.open = { command, headers, length, pieces: [], bytes: 0 };
    return end;
  }

  private readBody(bytes: Buffer, open: OpenBody, frames: StompFrame[]): number {
    if (open.length !== null) {
      const wanted = open.length - open.bytes;
      if (wanted > 0) return this.take(bytes.subarray(0, wanted), open);
      if (bytes[0] !== 0) throw malformed('A body does not end where its content-length says');
      this.close(open, frames);
      return 1;
    }
    const end = bytes.indexOf(0);
    if (end !== 0) return this.take(end < 0 ? bytes : bytes.subarray(0, end), open);
    this.close(open, frames);
    return 1;
  }

  private take(part: Buffer, open: OpenBody): number {
    open.bytes += part.length;
    this.checkBody(open.bytes);
    open.pieces.push(part);
    return part.length;
  }

  private close(open: OpenBody, frames: StompFrame[]): void {
    const [first = noBody] = open.pieces;
    const body = open.pieces.length > 1 ? Buffer.concat(open.pieces, open.bytes) : first;
    frames.push({ command: open.command, headers: open.headers, body });
    this.open = null;
  }

  private checkBody(bytes: number): void {
    if (bytes <= this.bounds.bodyBytesMax) return;
    throw new StompError(stompErrors.tooLarge, `The body of a frame exceeds ${this.bounds.bodyBytesMax} bytes.`);
  }
}

/** After the blank line; null where it has not come. */
function headEnd(bytes: Buffer): number | null {
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) {
    if (bytes[at + 1] === newline) return at + 2;
    if (bytes[at + 1] === carriageReturn && bytes[at + 2] === newline) return at + 3;
  }
  return null;
}

function parseHead(text: string): { command: string; headers: ReadonlyMap<string, string> } {
  const [command = '', ...lines] = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  if (!/^[A-Z]+$/.test(command)) throw malformed('A frame begins with no command');
  const isPlain = handshake.has(command);
  const headers = new Map<string, string>();
  for (const line of lines) {
    if (line === '') continue;
    const colon = line.indexOf(':');
    if (colon <= 0) throw malformed(`A header of ${command} has no name or no colon`);
    const name = isPlain ? line.slice(0, colon) : unescaped(line.slice(0, colon));
    if (!headers.has(name)) headers.set(name, isPlain ? line.slice(colon + 1) : unescaped(line.slice(colon + 1)));
  }
  return { command, headers };
}

function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replaceAll(/\\[^]?/g, (sequence) => {
    const character = unescapes[sequence];
    if (character === undefined) throw malformed('A header holds an escape that there is not');
    return character;
  });
}

function contentLength(headers: ReadonlyMap<string, string>): number | null {
  const text = headers.get('content-length');
  if (text === undefined) return null;
  if (!/^\d{1,15}$/.test(text.trim())) throw malformed('The content-length of a frame is no number');
  return Number(text);
}

function malformed(what: string): StompError {
  return new StompError(stompErrors.malformed, `${what}.`);
}
