import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { isLoopback } from '#net/host';
import type { Agent } from '#pipeline/agent';
import { sameSecret } from '#security/constant-time';
import type { Clock } from '#std/clock';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import { tapFileName } from './agent-place.js';
import { flumeMetrics, prometheusMetrics } from './flume-metrics.js';
import { tapLines, UnknownEdgeError, type TapRequest } from './tap-stream.js';

export interface AgentServerOptions {
  readonly agent: Agent;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Port of the metrics; null: none, and only the tap listens, on any free port of the loopback. */
  readonly port: number | null;
  /** What `/metrics` answers to those who ask for nothing in particular. */
  readonly metrics: 'json' | 'prometheus';
  /** Where `tap.json` is written, for `millrace collector tap` of the same user. */
  readonly stateDirectory: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * What a running agent answers over HTTP: its counters on `/metrics` as Flume's monitoring does, on `/metrics/prometheus` for Prometheus, and its
 * events on `/tap` to those who know the token, for they are what the agent is trusted with.
 */
export class AgentServer {
  private readonly token = randomBytes(24).toString('base64url');
  private readonly stopping = new AbortController();
  private server: Server | null = null;

  constructor(private readonly options: AgentServerOptions) {}

  /** Rejects where the port is taken. */
  async start(): Promise<void> {
    const { host = '127.0.0.1', port, stateDirectory, logger } = this.options;
    const server = createServer((request, response) => {
      this.answer(request, response).catch((error: unknown) => {
        logger.warn(`An answer of the monitoring failed: ${messageOf(error)}`);
        response.destroy();
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port ?? 0, host, resolve);
    });
    this.server = server;
    await mkdir(stateDirectory, { recursive: true });
    const text = JSON.stringify({ url: this.url, token: this.token, pid: process.pid });
    const path = join(stateDirectory, tapFileName);
    await rm(path, { force: true });
    await writeFile(path, text, { mode: 0o600 });
    if (port !== null) logger.info(`Metrics are at ${this.url}/metrics.`);
  }

  /** `http://127.0.0.1:41414`; only while it runs. */
  get url(): string {
    const address = this.server?.address() as AddressInfo;
    return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    const { server } = this;
    this.server = null;
    if (server === null) return;
    await rm(join(this.options.stateDirectory, tapFileName), { force: true });
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { agent, port, metrics } = this.options;
    const url = new URL(request.url ?? '/', 'http://agent');
    const path = url.pathname.toLowerCase();
    const isPrometheusWanted = /openmetrics-text|version=0\.0\.4/.test(request.headers.accept ?? '');
    if (request.method === 'OPTIONS' || request.method === 'TRACE') {
      response.writeHead(403).end();
    } else if (path === '/tap') {
      await this.answerTap(request, url, response);
    } else if (port === null) {
      response.writeHead(404).end();
    } else if (
      path === '/metrics/prometheus' ||
      (path === '/metrics' && (metrics === 'prometheus' || isPrometheusWanted))
    ) {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
      response.end(prometheusMetrics(agent.status()));
    } else if (path === '/metrics') {
      response.writeHead(200, { 'content-type': 'application/json;charset=utf-8' });
      response.end(JSON.stringify(flumeMetrics(agent.status())));
    } else if (path === '/') {
      response.writeHead(200, { 'content-type': 'text/html;charset=utf-8' });
      response.end('The counters of this agent are in <a href="/metrics">/metrics</a>.');
    } else {
      response.writeHead(404).end();
    }
  }

  private async answerTap(request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> {
    // The metrics may be open to a network; events are for this machine only.
    if (!isLoopback(request.socket.remoteAddress ?? '')) {
      response.writeHead(403).end();
      return;
    }
    const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (!sameSecret(given, this.token)) {
      response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
      return;
    }
    const leaving = new AbortController();
    response.once('close', () => leaving.abort());
    const signal = AbortSignal.any([leaving.signal, this.stopping.signal]);
    const { agent, clock } = this.options;
    try {
      for await (const lines of tapLines(agent, tapRequestOf(url.searchParams), { clock, signal })) {
        if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson' });
        const isRoom = response.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
        // A slow reader is shown less; what it misses is counted.
        if (!isRoom) await new Promise<void>((resolve) => void response.once('drain', resolve).once('close', resolve));
      }
      response.end();
    } catch (error) {
      if (!(error instanceof UnknownEdgeError)) throw error;
      response.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify({ message: error.message }));
    }
  }
}

const secondsMax = 24 * 60 * 60;

/** `edge`, `max` and `seconds`; without them as long as somebody reads. */
export function tapRequestOf(query: URLSearchParams): TapRequest {
  const number = (name: string): number => {
    const value = Number(query.get(name) ?? Number.NaN);
    return value > 0 ? value : Number.POSITIVE_INFINITY;
  };
  return {
    edge: query.get('edge') ?? '',
    eventsMax: number('max'),
    durationMs: Math.min(number('seconds'), secondsMax) * 1000,
  };
}
