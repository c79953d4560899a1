import { EventBatch } from '#pipeline/event-batch';
import type { HttpHandler, HttpRequest } from './http-handler.js';

export interface BlobHandlerOptions {
  /** Query parameters that there have to be. */
  readonly mandatory: readonly string[];
  readonly bodyBytesMax: number | null;
  readonly withContentType: boolean;
}

/** The body as one event; the first value of each query parameter as a header. */
export class BlobHandler implements HttpHandler {
  constructor(private readonly options: BlobHandlerOptions) {}

  get bodyBytesMax(): number | null {
    return this.options.bodyBytesMax;
  }

  events({ body, contentType, query }: HttpRequest): EventBatch {
    const parameters = new URLSearchParams(query);
    const missing = this.options.mandatory.filter((name) => !parameters.has(name));
    if (missing.length > 0) throw new Error(`The request lacks the parameters ${missing.join(', ')}.`);
    const headers = new Map<string, string>();
    for (const [name, value] of parameters) if (!headers.has(name)) headers.set(name, value);
    if (this.options.withContentType && contentType !== null) headers.set('Content-Type', contentType);
    return new EventBatch(body, Int32Array.of(0), Int32Array.of(body.length), headers);
  }
}
