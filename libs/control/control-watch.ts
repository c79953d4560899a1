/**
 * Wakes those who reconcile: by LISTEN on a connection of its own, and every two seconds in any case, so that a lost notice
 * or a lost connection costs two seconds and no more.
 */
import pg from 'pg';
import { Backoff } from '#std/backoff';
import type { Clock, Timer } from '#std/clock';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import type { Random } from '#std/random';

export const controlChannel = 'millrace_control';

export interface ControlWatchOptions {
  readonly databaseUrl: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly pollMs: number;
  /** Called on a change, on each poll and after each new connection; must not throw. */
  readonly onChange: () => void;
}

export class ControlWatch {
  private client: pg.Client | null = null;
  private pollTimer: Timer | null = null;
  private retryTimer: Timer | null = null;
  private isOpen = false;
  private connecting: Promise<void> = Promise.resolve();
  private readonly backoff: Backoff;

  constructor(private readonly options: ControlWatchOptions) {
    this.backoff = new Backoff({ initialMs: 200, maxMs: 5_000 }, options.random);
  }

  start(): void {
    this.isOpen = true;
    this.connecting = this.connect();
    this.poll();
  }

  async stop(): Promise<void> {
    this.isOpen = false;
    this.pollTimer?.cancel();
    this.retryTimer?.cancel();
    await this.connecting;
    const client = this.client;
    this.client = null;
    await client?.end().catch(() => {});
  }

  private poll(): void {
    this.pollTimer = this.options.clock.after(this.options.pollMs, () => {
      this.options.onChange();
      this.poll();
    });
  }

  private async connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.options.databaseUrl,
      connectionTimeoutMillis: 5_000,
      application_name: 'millrace-watch',
      keepAlive: true,
    });
    let isLost = false;
    const lose = (error: unknown): void => {
      if (isLost) return;
      isLost = true;
      client.end().catch(() => {});
      this.retry(error);
    };
    client.on('error', lose);
    client.on('end', () => lose('connection ended'));
    client.on('notification', () => this.options.onChange());
    try {
      await client.connect();
      await client.query(`LISTEN ${controlChannel}`);
    } catch (error) {
      lose(error);
      return;
    }
    if (isLost) return;
    this.client = client;
    this.backoff.reset();
    if (this.isOpen) this.options.onChange();
  }

  private retry(error: unknown): void {
    if (!this.isOpen) return;
    if (this.backoff.attempt === 0) {
      this.options.logger.warn(`Lost the connection that waits for changes; polling meanwhile: ${messageOf(error)}`);
    }
    this.client = null;
    this.retryTimer = this.options.clock.after(this.backoff.nextMs(), () => {
      this.connecting = this.connect();
    });
  }
}
