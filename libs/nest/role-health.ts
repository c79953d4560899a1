/**
 * `/livez`, `/readyz` and `/metrics` of a role that has no REST of its own, for supervisors and Prometheus. Plain HTTP without a
 * framework, so that a worker does not load one for three answers. Off loopback it says of readiness only yes or no, and metrics,
 * which have names of connectors, are for installations that say that their network is closed (`MILLRACE_INSECURE`).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { checkHealth, type HealthCheck } from './health.js';
import type { MetricsRegistry } from './metrics.js';
import { isLoopback } from './request-guard.js';

export interface RoleHealthOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly checks: readonly HealthCheck[];
  readonly metrics: MetricsRegistry;
  /** Whether everybody who reaches `host` may read everything. */
  readonly insecure: boolean;
}

const requestMsMax = 5_000;
const connectionsMax = 64;
const text = 'text/plain; version=0.0.4; charset=utf-8';

export class RoleHealth {
  private server: Server | null = null;
  private readonly isOpen: boolean;

  constructor(private readonly options: RoleHealthOptions) {
    this.isOpen = options.insecure || isLoopback(options.host);
  }

  /** The port that it has. Rejects where the address is taken. */
  async start(): Promise<number> {
    const server = createServer({ requestTimeout: requestMsMax, headersTimeout: requestMsMax }, (request, response) => {
      this.answer(request, response).catch(() => response.destroy());
    });
    server.maxConnections = connectionsMax;
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.options.port, this.options.host, resolve);
    });
    return (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = null;
    if (server === null) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://role');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      send(response, 405, { status: 'only GET and HEAD' }, { allow: 'GET, HEAD' });
      return;
    }
    if (url.pathname === '/livez') send(response, 200, { status: 'live' });
    else if (url.pathname === '/readyz') await this.answerReadiness(response, url.searchParams.has('verbose'));
    else if (url.pathname === '/metrics') await this.answerMetrics(response);
    else send(response, 404, { status: 'there are /livez, /readyz and /metrics' });
  }

  private async answerReadiness(response: ServerResponse, isVerbose: boolean): Promise<void> {
    const report = await checkHealth(this.options.checks);
    send(
      response,
      report.status === 'ready' ? 200 : 503,
      isVerbose && this.isOpen ? report : { status: report.status },
    );
  }

  private async answerMetrics(response: ServerResponse): Promise<void> {
    if (!this.isOpen) {
      send(response, 403, {
        status: 'metrics are for loopback, or where MILLRACE_INSECURE says that the network is closed',
      });
      return;
    }
    const body = await this.options.metrics.render();
    response.writeHead(200, { 'content-type': text });
    response.end(body);
  }
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify(body));
}
