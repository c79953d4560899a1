/** Lines of a text one by one; `\n`, `\r` and `\r\n` end a line, and the last may go without. */
export class TextLines {
  private at = 0;

  constructor(private readonly text: string) {}

  /** Null after the last line. */
  next(): string | null {
    const { text, at } = this;
    if (at >= text.length) return null;
    let end = text.indexOf('\n', at);
    if (end < 0) end = text.length;
    const carriage = text.indexOf('\r', at);
    if (carriage >= 0 && carriage < end) end = carriage;
    this.at = end + (text[end] === '\r' && text[end + 1] === '\n' ? 2 : 1);
    return text.slice(at, end);
  }
}
