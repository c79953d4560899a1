import type { OutgoingMessage } from './outgoing-message.js';

/** What a broker says of one message. */
export type SendOutcome =
  | { readonly kind: 'taken' }
  /** It never will be. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** Not now. */
  | { readonly kind: 'again'; readonly reason: string };

export const taken: SendOutcome = { kind: 'taken' };

export interface SendRoundOptions {
  readonly messages: readonly OutgoingMessage[];
  /** Messages without an answer, at most. */
  readonly inFlightMax: number;
  /** Sends one; false where the broker gives no room now: then `pump` is called when it does. May settle at once. */
  readonly sendOne: (message: OutgoingMessage, index: number) => boolean;
}

/** Messages on their way in order, a bounded number of them without an answer, and the answers to them. */
export class SendRound {
  /** By place in the messages; null: no answer. */
  readonly outcomes: (SendOutcome | null)[];
  /** Why there are no more answers. */
  failure: Error | null = null;
  /** Resolves when all are answered, or there is a failure. */
  readonly done: Promise<void>;
  private next = 0;
  private answered = 0;
  private isPumping = false;
  private finish: () => void = () => undefined;

  constructor(private readonly options: SendRoundOptions) {
    this.outcomes = options.messages.map(() => null);
    this.done = new Promise((resolve) => {
      this.finish = resolve;
    });
  }

  /** How many answers have come: what looks whether anything moves. */
  get answeredCount(): number {
    return this.answered;
  }

  /** Sends as many as may be. */
  pump(): void {
    if (this.isPumping) return;
    this.isPumping = true;
    const { messages, inFlightMax, sendOne } = this.options;
    while (this.failure === null && this.next - this.answered < inFlightMax) {
      const index = this.next;
      const message = messages[index];
      if (message === undefined) break;
      this.next += 1;
      if (sendOne(message, index)) continue;
      this.next = index;
      break;
    }
    this.isPumping = false;
    if (this.answered === messages.length) this.finish();
  }

  settle(index: number, outcome: SendOutcome): void {
    if (this.failure !== null || this.outcomes[index] !== null) return;
    this.outcomes[index] = outcome;
    this.answered += 1;
    this.pump();
  }

  fail(error: Error): void {
    if (this.answered === this.options.messages.length) return;
    this.failure ??= error;
    this.finish();
  }
}
