/** So many small pieces are joined, so that a message in pieces of a byte each takes not much more than its bytes. */
const loosePiecesMax = 1024;
const smallBytesMax = 4096;

/** The parts of a message as they come, and the whole in memory of its own. */
export class MessagePieces {
  private pieces: Buffer[] = [];
  private loose: Buffer[] = [];
  private total = 0;

  get bytes(): number {
    return this.total;
  }

  add(piece: Buffer): void {
    this.total += piece.length;
    this.loose.push(piece);
    if (piece.length > smallBytesMax || this.loose.length >= loosePiecesMax) this.joinLoose();
  }

  /** Empties this. The chunks belong to the socket, and pieces of them would keep them whole: the result is a copy. */
  take(): Buffer {
    const message = Buffer.allocUnsafeSlow(this.total);
    let at = 0;
    for (const piece of this.pieces) at += piece.copy(message, at);
    for (const piece of this.loose) at += piece.copy(message, at);
    this.pieces = [];
    this.loose = [];
    this.total = 0;
    return message;
  }

  private joinLoose(): void {
    if (this.loose.length < loosePiecesMax) this.pieces.push(...this.loose);
    else this.pieces.push(Buffer.concat(this.loose));
    this.loose = [];
  }
}
