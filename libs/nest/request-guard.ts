/**
 * Refuses what a browser could be made to send to a server without passwords: requests from pages of other origins, and on
 * loopback requests under a foreign host name (DNS rebinding). And what no handler would take: bodies of a type that the path does
 * not have (415), on compatible paths clients that take no JSON (406), bodies that do not come to their end (408).
 */
import type { NextFunction, Request, Response } from 'express';
import { answerFor, isCompatiblePath, sendAnswer } from './error-answer.js';
import { acceptedTypes, bodyTypesOf, isStreamed } from './media-types.js';

const bodyMsMax = 300_000;
const loopbackNames = new Set(['localhost', '127.0.0.1', '[::1]']);

export function isLoopback(host: string): boolean {
  return loopbackNames.has(host) || host === '::1' || host.startsWith('127.');
}

/** `boundTo` is the address that the server listens on. */
export function requestGuard(boundTo: string) {
  const isLocal = isLoopback(boundTo);
  return (request: Request, response: Response, next: NextFunction): void => {
    const refusal = refuse(request, isLocal);
    if (refusal === null) {
      if (!isStreamed(request)) limitBody(request);
      next();
      return;
    }
    const answer = answerFor(Object.assign(new Error(refusal.message), { status: refusal.status }), request.path);
    sendAnswer(response, answer);
  };
}

function refuse(request: Request, isLocal: boolean): { status: number; message: string } | null {
  const host = request.headers.host ?? '';
  if (isLocal && !isLoopback(host.replace(/:\d+$/, ''))) {
    return { status: 403, message: `This server listens on loopback and does not answer for the host ${host}.` };
  }
  if (request.path.includes('%00')) return { status: 400, message: 'HTTP 400 Bad Request: no name has a NUL in it' };
  const { origin } = request.headers;
  if (origin !== undefined && !['GET', 'HEAD'].includes(request.method) && hostOf(origin) !== host) {
    return { status: 403, message: `Requests from pages of ${origin} are not accepted.` };
  }
  const hasBody = Number(request.headers['content-length'] ?? 0) > 0 || 'transfer-encoding' in request.headers;
  const bodyTypes = bodyTypesOf(request.path);
  if (hasBody && request.is(bodyTypes) === false) {
    return { status: 415, message: `HTTP 415 Unsupported Media Type: send ${bodyTypes.join(' or ')}` };
  }
  const answerTypes = acceptedTypes(request.path);
  if (isCompatiblePath(request.path) && request.accepts(answerTypes) === false) {
    return { status: 406, message: `HTTP 406 Not Acceptable: answers are ${answerTypes.join(' or ')}` };
  }
  return null;
}

/** The server itself has no limit for the time of a body: a stream may go on for hours. All others have this one. */
function limitBody(request: Request): void {
  if (request.complete) return;
  const timer = setTimeout(() => request.socket.destroy(), bodyMsMax).unref();
  const cancel = (): void => clearTimeout(timer);
  request.once('end', cancel);
  request.once('close', cancel);
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
