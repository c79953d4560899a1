/** The text of a place in some bytes. Where it is mostly the same as the last one, that costs no new text. */
export class ByteText {
  private readonly known = new Uint8Array(knownBytesMax);
  private length = -1;
  private text = '';

  /** `[from, to)` is UTF-8, or ASCII alone. */
  read(bytes: Buffer, from: number, to: number, isAscii: boolean): string {
    const length = to - from;
    if (length === this.length && this.isSame(bytes, from)) return this.text;
    const text = bytes.toString(isAscii ? 'latin1' : 'utf8', from, to);
    if (length <= knownBytesMax) {
      for (let at = 0; at < length; at += 1) this.known[at] = bytes[from + at] ?? 0;
      this.length = length;
      this.text = text;
    }
    return text;
  }

  private isSame(bytes: Uint8Array, from: number): boolean {
    const { known } = this;
    // The last ones differ first.
    for (let at = this.length - 1; at >= 0; at -= 1) if (bytes[from + at] !== known[at]) return false;
    return true;
  }
}

const knownBytesMax = 255;
