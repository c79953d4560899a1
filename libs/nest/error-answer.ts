/**
 * What a client gets for an error. The path decides the form, not the Accept header: the paths of Kafka Connect and of the REST
 * proxy answer `{error_code, message}`, all others `application/problem+json` (RFC 9457) with our code and whether to retry.
 */
import { HttpException } from '@nestjs/common';
import type { Response } from 'express';
import { MillraceError } from '#std/errors';
import { FieldProblems } from './field-problems.js';

export interface ErrorAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const compatiblePath =
  /^\/(?:$|health(?:$|[/?])|connectors(?:$|[/?])|connector-plugins(?:$|[/?])|admin\/|(?:v3|topics|consumers|brokers)(?:$|[/?]))/;

const proxyPath = /^\/(?:v3|topics|consumers|brokers)(?:$|[/?])/;

export function isCompatiblePath(path: string): boolean {
  return compatiblePath.test(path);
}

/** An error whose `error_code` has more digits than the HTTP status: the REST proxy's 40401 and its kin. */
export class DetailedHttpError extends HttpException {
  constructor(
    readonly restCode: number,
    message: string,
  ) {
    super(message, Number(String(restCode).slice(0, 3)));
  }
}

/** The form and the code for anything thrown. Unknown errors are 500 and keep their text out of the answer. */
export function answerFor(error: unknown, path: string): ErrorAnswer {
  const { status, message, code, retriable } = describe(error);
  if (isCompatiblePath(path)) {
    return { status, contentType: 'application/json', body: { error_code: restCode(error, status, path), message } };
  }
  return {
    status,
    contentType: 'application/problem+json',
    body: {
      type: 'about:blank',
      title: titleOf(status),
      status,
      detail: message,
      instance: path,
      code,
      retryable: retriable,
      ...(error instanceof FieldProblems ? { errors: error.errors } : {}),
    },
  };
}

export function sendAnswer(response: Response, answer: ErrorAnswer): void {
  const text = JSON.stringify(answer.body);
  response.status(answer.status).setHeader('Content-Type', answer.contentType);
  // Said beforehand, so that the access log has it.
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.end(text);
}

/** The REST proxy's own codes: whatever a Kafka broker refuses, no login, no right. */
const proxyCodes: ReadonlyMap<number, number> = new Map([
  [400, 40_002],
  [401, 40_101],
  [403, 40_301],
]);

function restCode(error: unknown, status: number, path: string): number {
  if (error instanceof DetailedHttpError) return error.restCode;
  const isOfProxy = error instanceof MillraceError && proxyPath.test(path);
  return isOfProxy ? (proxyCodes.get(status) ?? status) : status;
}

interface Description {
  readonly status: number;
  readonly message: string;
  readonly code: string;
  readonly retriable: boolean;
}

function describe(error: unknown): Description {
  if (error instanceof MillraceError) {
    const { code, retriable, http } = error.kind;
    return { status: http ?? 500, message: error.message, code, retriable };
  }
  if (error instanceof HttpException) {
    const status = error.getStatus();
    return { status, message: messageOfHttp(error), code: `http.${status}`, retriable: status === 503 };
  }
  if (error instanceof Error && error.name === 'TimeoutError') {
    const message = 'This took too long; ask for less, or again.';
    return { status: 503, message, code: 'http.503', retriable: true };
  }
  const status = statusOfParser(error);
  if (status !== null) {
    return { status, message: error instanceof Error ? error.message : '', code: `http.${status}`, retriable: false };
  }
  return {
    status: 500,
    message: 'Internal error; the log of the server says more.',
    code: 'http.500',
    retriable: false,
  };
}

function messageOfHttp(error: HttpException): string {
  const response = error.getResponse();
  if (typeof response === 'string') return response;
  const message = 'message' in response ? response.message : error.message;
  return Array.isArray(message) ? message.join('; ') : String(message);
}

/** The body parser throws plain errors that say which status fits. */
function statusOfParser(error: unknown): number | null {
  if (error === null || typeof error !== 'object' || !('status' in error)) return null;
  const { status } = error;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : null;
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

function titleOf(status: number): string {
  return titles[status] ?? `HTTP ${status}`;
}
