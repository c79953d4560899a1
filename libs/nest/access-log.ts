/**
 * The product's own HTTP access log, appended to a file: one JSON object a line, written when the answer is out. JSON, so that a
 * collector can tail it straight into a topic and a sink can make columns of it.
 */
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { dirname } from 'node:path';
import type { NextFunction, Request, Response } from 'express';
import type { MetricFamily } from './metrics.js';

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
      this.file?.write(`${line(request, response, startedAt)}\n`);
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

function line(request: Request, response: Response, startedAt: Date): string {
  const length = Number(response.getHeader('content-length'));
  return JSON.stringify({
    time: startedAt.toISOString(),
    remote: (request.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
    method: request.method,
    path: request.originalUrl,
    status: response.statusCode,
    bytes: Number.isFinite(length) ? length : 0,
    duration_ms: Date.now() - startedAt.getTime(),
    agent: request.headers['user-agent'] ?? null,
  });
}
