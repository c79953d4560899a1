/** A message as a broker hands it out; `token` is what its protocol acknowledges it by. */
export interface BrokerMessage<T> {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly token: T;
}

/** What a message takes besides its body and headers, roughly, bytes: a bound on bytes must hold for empty ones too. */
const overheadBytes = 200;
/** Messages that may come before the size of any is known. */
const unseenCount = 8;
/** Of the typical size, with each smaller message. */
const decay = 0.8;

/** Messages that have come and wait for their turn, in order. Whoever reads the broker stops reading while `isFull`. */
export class UnsettledMessages<T> {
  private readonly waiting: BrokerMessage<T>[] = [];
  private heldBytes = 0;
  private received = 0;
  /** The largest message of late. Before the first, a few have to fit. */
  private typicalBytes: number;
  private isOver = false;
  private wake: (() => void) | null = null;

  constructor(
    private readonly countMax: number,
    private readonly bytesMax: number,
  ) {
    this.typicalBytes = bytesMax / unseenCount;
  }

  /** More must not be asked for. What was asked for still comes, so a limit of bytes can be passed by what is under way. */
  get isFull(): boolean {
    return this.waiting.length >= this.countMax || this.heldBytes >= this.bytesMax;
  }

  /**
   * How many more may be asked for, where `asked` were in all: credit counts messages and memory bytes, so as many as fit if they are like
   * those of late; one at least where none is on its way.
   */
  room(asked: number): number {
    if (this.isFull) return 0;
    const underWay = Math.max(0, asked - this.received);
    const fitting = Math.floor((this.bytesMax - this.heldBytes) / this.typicalBytes) - underWay;
    return Math.max(fitting, underWay === 0 ? 1 : 0);
  }

  push(message: BrokerMessage<T>): void {
    const bytes = bytesOf(message);
    this.waiting.push(message);
    this.heldBytes += bytes;
    this.received += 1;
    this.typicalBytes = Math.max(bytes, this.typicalBytes * decay);
    this.wake?.();
  }

  /** No more come; those that wait are not given out any more. */
  end(): void {
    this.isOver = true;
    this.wake?.();
  }

  /** Waits for the first; null at the end. */
  async next(countMax: number): Promise<readonly BrokerMessage<T>[] | null> {
    if (this.waiting.length === 0 && !this.isOver) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      this.wake = null;
    }
    return this.isOver ? null : this.take(countMax);
  }

  /** All that are left. */
  drain(): readonly BrokerMessage<T>[] {
    return this.take(this.waiting.length);
  }

  private take(count: number): BrokerMessage<T>[] {
    const taken = this.waiting.splice(0, count);
    for (const message of taken) this.heldBytes -= bytesOf(message);
    return taken;
  }
}

function bytesOf({ body, headers }: BrokerMessage<unknown>): number {
  let bytes = body.length + overheadBytes;
  for (const name in headers) bytes += name.length + (headers[name]?.length ?? 0);
  return bytes;
}
