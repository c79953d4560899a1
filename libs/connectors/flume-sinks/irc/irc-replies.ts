/** What an IRC server says (RFC 1459, section 2.3.1), line by line, and who waits for some of it. */
export interface IrcReply {
  /** `PING`, `001`. */
  readonly command: string;
  /** The last parameter. */
  readonly last: string;
}

export interface ExpectedReply {
  readonly done: Promise<void>;
  fail(error: Error): void;
}

interface Waiting {
  readonly wanted: (reply: IrcReply) => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const lineBytesMax = 8192;

export class IrcReplies {
  private rest = '';
  private waiting: Waiting[] = [];
  private ended: Error | null = null;

  /** Registered at once, so that an answer that comes in the same turn is not missed. */
  expect(wanted: (reply: IrcReply) => boolean): ExpectedReply {
    let fail: (error: Error) => void = () => undefined;
    const done = new Promise<void>((resolve, reject) => {
      fail = reject;
      if (this.ended !== null) reject(this.ended);
      else this.waiting.push({ wanted, resolve, reject });
    });
    return { done, fail };
  }

  take(chunk: Buffer): IrcReply[] {
    const lines = (this.rest + chunk.toString()).split(/\r?\n/);
    this.rest = (lines.pop() ?? '').slice(0, lineBytesMax);
    const replies = lines.flatMap(parseReply);
    for (const reply of replies) {
      for (const { wanted, resolve } of this.waiting) if (wanted(reply)) resolve();
      this.waiting = this.waiting.filter(({ wanted }) => !wanted(reply));
    }
    return replies;
  }

  end(error: Error): void {
    this.ended ??= error;
    for (const { reject } of this.waiting.splice(0)) reject(error);
  }
}

function parseReply(line: string): IrcReply[] {
  const match = /^(?::\S+ +)?(\S+)(?: +([^]*))?$/.exec(line);
  if (match === null) return [];
  const [, command = '', parameters = ''] = match;
  const trailing = /(?:^| ):([^]*)$/.exec(parameters)?.[1];
  return [{ command: command.toUpperCase(), last: trailing ?? parameters.trim().split(' ').at(-1) ?? '' }];
}
