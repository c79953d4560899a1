/**
 * Refuses what a browser could be made to send to a server without passwords: requests from pages of other origins, and on
 * loopback requests under a foreign host name (DNS rebinding). And on paths of Kafka Connect what its server refuses before any
 * handler: bodies that are not JSON (415), clients that take no JSON (406).
 */
import type { NextFunction, Request, Response } from 'express';
import { answerFor, isCompatiblePath, sendAnswer } from './error-answer.js';

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
  if (hasBody && request.is('application/json') === false) {
    return { status: 415, message: 'HTTP 415 Unsupported Media Type: send application/json' };
  }
  if (isCompatiblePath(request.path) && request.accepts('application/json') === false) {
    return { status: 406, message: 'HTTP 406 Not Acceptable: answers are application/json' };
  }
  return null;
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
