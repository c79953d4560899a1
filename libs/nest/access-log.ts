/**
 * The product's own HTTP access log in the combined log format, appended to a file: `host - user [time] "request" status bytes
 * "referer" "agent"`. One line a request, written when its answer is out.
 */
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { dirname } from 'node:path';
import type { NextFunction, Request, Response } from 'express';
import type { MetricFamily } from './metrics.js';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export class AccessLog {
  private readonly file: WriteStream | null;
  private readonly counts = new Map<string, number>();

  /** Without a path it only counts. A file that cannot be written is told by `onError` and is no reason to refuse requests. */
  constructor(path: string | null, onError: (error: Error) => void) {
    if (path === null) {
      this.file = null;
      return;
    }
    mkdirSync(dirname(path), { recursive: true });
    this.file = createWriteStream(path, { flags: 'a', mode: 0o644 });
    this.file.on('error', onError);
  }

  readonly middleware = (request: Request, response: Response, next: NextFunction): void => {
    const startedAt = new Date();
    response.once('close', () => {
      const key = `${request.method} ${response.statusCode}`;
      this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
      this.file?.write(`${combinedLine(request, response, startedAt)}\n`);
    });
    next();
  };

  readonly metrics = (): MetricFamily[] => [
    {
      name: 'millrace_http_requests_total',
      help: 'Requests answered by the REST administration.',
      type: 'counter',
      samples: [...this.counts].map(([key, value]) => {
        const [method = '', status = ''] = key.split(' ');
        return { labels: { method, status }, value };
      }),
    },
  ];

  /** Writes what is buffered. */
  close(): Promise<void> {
    const { file } = this;
    if (file === null || file.destroyed) return Promise.resolve();
    return new Promise((done) => file.end(() => done()));
  }
}

function combinedLine(request: Request, response: Response, startedAt: Date): string {
  const host = (request.socket.remoteAddress ?? '-').replace(/^::ffff:/, '');
  const target = quoted(`${request.method} ${request.originalUrl} HTTP/${request.httpVersion}`);
  const bytes = response.getHeader('content-length') ?? '-';
  const referer = quoted(request.headers.referer ?? '-');
  const agent = quoted(request.headers['user-agent'] ?? '-');
  return `${host} - - [${logTime(startedAt)}] ${target} ${response.statusCode} ${String(bytes)} ${referer} ${agent}`;
}

/** What could break the line is escaped as Apache's server does. */
function quoted(text: string): string {
  const escaped = text.replaceAll(/["\\\p{Cc}]/gu, (character) => {
    if (character === '"' || character === '\\') return `\\${character}`;
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `"${escaped}"`;
}

/** `22/Nov/2026:06:10:00 +0000` */
function logTime(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${two(time.getUTCDate())}/${months[time.getUTCMonth()]}/${time.getUTCFullYear()}`;
  return `${date}:${two(time.getUTCHours())}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())} +0000`;
}
