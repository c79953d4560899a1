import type { IncomingMessage } from 'node:http';
import type { SourceContext } from '#pipeline/collector';
import { messageOf } from '#std/errors';
import { unpackedStream } from '../http/content-encoding.js';
import { HttpListener, type HttpAnswer, type HttpListenerOptions } from '../http/http-listener.js';
import { deliverJournal, type JournalStreamOptions } from './journal-stream.js';

export type JournalUploadOptions = Omit<HttpListenerOptions, 'serve' | 'requestMsMax'> & {
  readonly stream: Omit<JournalStreamOptions, 'context' | 'signal' | 'cursors'>;
};

const contentType = 'application/vnd.fdo.journal';

/**
 * Takes what `systemd-journal-upload` sends: POST to `/upload`, of any length and for any time. Answers 202 when every required channel has all
 * entries; while they are slow the peer waits.
 */
export class JournalUpload {
  private readonly listener: HttpListener;
  private stopping = new AbortController();

  constructor(private readonly options: JournalUploadOptions) {
    this.listener = new HttpListener({
      ...options,
      requestMsMax: null,
      serve: (request, _, context) => this.serve(request, context),
    });
  }

  get port(): number {
    return this.listener.port;
  }

  start(context: SourceContext): Promise<void> {
    this.stopping = new AbortController();
    return this.listener.start(context);
  }

  stop(): Promise<void> {
    this.stopping.abort(new Error('the source has stopped'));
    return this.listener.stop();
  }

  private async serve(request: IncomingMessage, context: SourceContext): Promise<HttpAnswer> {
    if (request.url?.split('?')[0] !== '/upload') return { status: 404, body: 'Entries go to /upload.\n' };
    if (request.method !== 'POST') return { status: 405, headers: { Allow: 'POST' }, body: '' };
    const type = request.headers['content-type']?.split(';')[0]?.trim();
    if (type !== contentType) return { status: 415, body: `Content-Type: ${contentType} is required.\n` };
    const stream = unpackedStream(request, request.headers['content-encoding']);
    if (stream === null) return { status: 415, body: 'This Content-Encoding is not known.\n' };
    const { signal } = this.stopping;
    try {
      await deliverJournal(stream, { ...this.options.stream, context, signal, cursors: null });
      return { status: 202, body: 'OK.\n' };
    } catch (error) {
      if (signal.aborted) return { status: 503, body: 'The source has stopped.\n' };
      context.count('EventReadFail', 1);
      return { status: 400, body: `${messageOf(error)}\n` };
    }
  }
}
