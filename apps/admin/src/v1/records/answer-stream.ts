import { HttpException } from '@nestjs/common';
import type { Response } from 'express';

/** Searches and tails at a time; each holds a reader with its buffer. */
const openMax = 32;

/** How many are open, and a signal for each that tells when its client has left. */
export class AnswerStreams {
  private open = 0;

  /** Throws a 429 where there are too many. The answer is ended when `write` is done; what it throws becomes `failed`'s text. */
  async run(
    response: Response,
    contentType: string,
    write: (stream: AnswerStream) => Promise<void>,
    failed: (error: unknown) => string,
  ): Promise<void> {
    if (this.open >= openMax) {
      throw new HttpException(`${openMax} searches and tails are open already; end one of them and ask again.`, 429);
    }
    this.open += 1;
    const stream = new AnswerStream(response);
    try {
      response.status(200).setHeader('Content-Type', contentType);
      response.setHeader('Cache-Control', 'no-store');
      response.flushHeaders();
      await write(stream);
    } catch (error) {
      if (!stream.signal.aborted) await stream.write(failed(error));
    } finally {
      this.open -= 1;
      response.end();
    }
  }
}

export class AnswerStream {
  private readonly leaving = new AbortController();

  constructor(private readonly response: Response) {
    response.once('close', () => this.leaving.abort());
  }

  /** Aborts when the client has left. */
  get signal(): AbortSignal {
    return this.leaving.signal;
  }

  /** Resolves when there is room for more, or nobody listens any more. */
  async write(text: string): Promise<void> {
    if (this.signal.aborted || this.response.write(text)) return;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        this.response.off('drain', go).off('close', go);
        resolve();
      };
      this.response.once('drain', go).once('close', go);
    });
  }
}
