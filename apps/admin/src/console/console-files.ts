/** The console's files under `/console/`, as built; every other path there is a view of it and gets the page. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { NextFunction, Request, Response } from 'express';
import sirv from 'sirv';

/** React sets style attributes, and the editor brings a style sheet of its own; scripts come from here only. */
const policy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";
const yearSeconds = 31_536_000;

/** Answers browsers that ask for `/` by sending them to the console; programs get what Kafka Connect answers there. */
export function consoleFiles(): (request: Request, response: Response, next: NextFunction) => void {
  const folder = join(dirname(createRequire(import.meta.url).resolve('millrace/package.json')), 'dist', 'console');
  if (!existsSync(join(folder, 'index.html'))) return (_request, _response, next) => next();
  const files = sirv(folder, {
    gzip: true,
    single: true,
    // A topic's name may look like a file's; a script of an older build that is gone is a 404, not a page.
    ignores: [/^\/assets\//],
    setHeaders(response, path) {
      const isNamedByContent = path.startsWith('/assets/');
      response.setHeader('Cache-Control', isNamedByContent ? `public, max-age=${yearSeconds}, immutable` : 'no-cache');
      response.setHeader('Content-Security-Policy', policy);
      response.setHeader('X-Content-Type-Options', 'nosniff');
      response.setHeader('Referrer-Policy', 'same-origin');
    },
  });
  return (request, response, next) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead) return next();
    if (request.path === '/' && request.headers.accept?.includes('text/html') === true) {
      response.redirect('/console/');
      return;
    }
    if (request.path === '/console') {
      response.redirect('/console/');
      return;
    }
    if (!request.path.startsWith('/console/')) return next();
    request.url = request.url.slice('/console'.length);
    files(request, response, () => {
      request.url = `/console${request.url}`;
      next();
    });
  };
}
