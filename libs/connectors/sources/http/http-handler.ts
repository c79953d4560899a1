import type { EventBatch } from '#pipeline/event-batch';

export interface HttpRequest {
  readonly body: Buffer;
  readonly contentType: string | null;
  /** What follows `?` in the address. */
  readonly query: string;
}

/** Makes events of one request. Throws `BadRequestError` for 400; whatever else it throws is 500. */
export interface HttpHandler {
  /** More of a body is cut off and not refused; null where nothing is cut. */
  readonly bodyBytesMax: number | null;
  events(request: HttpRequest): EventBatch;
}

/** The request is not what it should be. */
export class BadRequestError extends Error {}
