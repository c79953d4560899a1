import { join } from 'node:path';
import type { Channel, ChannelTake, ComponentContext, ComponentType } from '#pipeline/collector';
import { ChannelError, pipelineErrors } from '#pipeline/errors';
import type { EventBatch } from '#pipeline/event-batch';
import type { Timer } from '#std/clock';
import { messageOf } from '#std/errors';
import { countOf, decodeBatch, encodeBatch } from '../batch-codec.js';
import { throwClosed } from '../channel-limits.js';
import { StoredEvents } from '../stored-events.js';
import {
  checkJdbcChannel,
  connectionUrl,
  jdbcChannelOptions,
  readJdbcChannelOptions,
  type JdbcChannelSettings,
} from './jdbc-channel-options.js';
import { PostgresBatchStore } from './postgres-batch-store.js';

/** After a lost connection, and after each try to open another one that failed. */
const reopenMs = 1000;

export interface JdbcChannelPlace {
  /** Tells channels in one database apart. */
  readonly key: string;
  /** Of the installation; null where it has none. */
  readonly databaseUrl: string | null;
}

/**
 * Durable events in PostgreSQL: a put is one row, a committed take removes rows. As with a file channel, what was just put stays in
 * memory as well, and is taken from there. When the connection breaks, everything that was not committed is found in the table by
 * the next one: takes that were open then come again.
 */
export class JdbcChannel implements Channel {
  private context: ComponentContext | null = null;
  private running: StoredEvents | null = null;
  private lost: Error | null = null;
  private timer: Timer | null = null;
  private reopening: Promise<void> | null = null;
  private stopOwnDatabase: (() => Promise<void>) | null = null;

  constructor(
    private readonly name: string,
    private readonly settings: JdbcChannelSettings,
    private readonly place: JdbcChannelPlace,
  ) {}

  get capacity(): number | null {
    return this.settings.capacity;
  }

  async start(context: ComponentContext): Promise<void> {
    const url = await this.databaseUrl(context);
    try {
      this.running = await this.open(url, context);
    } catch (error) {
      await this.stopDatabase();
      throw error;
    }
    this.lost = null;
    this.context = context;
  }

  async stop(): Promise<void> {
    const { running } = this;
    this.context = null;
    this.running = null;
    this.timer?.cancel();
    await this.reopening;
    await running?.close();
    await this.stopDatabase();
  }

  async put(batch: EventBatch): Promise<void> {
    const { capacity } = this;
    if (capacity !== null && batch.count > capacity) {
      throw new ChannelError(
        pipelineErrors.channelFull,
        `Channel ${this.name}: a batch of ${batch.count} events is more than its maximum.capacity ${capacity} (ChannelFullException). Raise it, or lower the batch size of the source.`,
      );
    }
    await this.checkRunning().put(batch);
  }

  async take(maxEvents: number, waitMs: number, signal?: AbortSignal): Promise<ChannelTake | null> {
    return await this.checkRunning().take({ maxEvents, waitMs, signal });
  }

  size(): number | null {
    return this.running?.size ?? null;
  }

  private checkRunning(): StoredEvents {
    if (this.running !== null) return this.running;
    if (this.lost === null || this.context === null) throwClosed(this.name);
    throw new ChannelError(pipelineErrors.channelFailed, `Channel ${this.name}: ${this.lost.message}`, {
      cause: this.lost,
    });
  }

  private async databaseUrl(context: ComponentContext): Promise<string> {
    const { connection } = this.settings;
    if (connection !== null) return await connectionUrl(connection);
    if (this.place.databaseUrl !== null) return this.place.databaseUrl;
    const { EmbeddedPostgres } = await import('#control/embedded-postgres');
    const database = new EmbeddedPostgres({ directory: join(context.stateDirectory, 'postgres') });
    await database.start();
    this.stopOwnDatabase = () => database.stop();
    return database.databaseUrl;
  }

  private async stopDatabase(): Promise<void> {
    const stop = this.stopOwnDatabase;
    this.stopOwnDatabase = null;
    await stop?.();
  }

  private async open(url: string, context: ComponentContext): Promise<StoredEvents> {
    const { settings, place, name } = this;
    const { store, held } = await PostgresBatchStore.open({
      url,
      key: place.key,
      createsSchema: settings.createsSchema,
      logger: context.logger,
      onLost: (error) => this.onLost(error, url),
    });
    const events = new StoredEvents({
      name,
      context,
      store,
      codec: { encode: encodeBatch, decode: decodeBatch, countOf },
      limits: {
        capacity: settings.capacity ?? Number.MAX_SAFE_INTEGER,
        transactionCapacity: Number.MAX_SAFE_INTEGER,
        keepAliveMs: settings.keepAliveMs,
      },
    });
    events.recoverKnown(held.events, held.last);
    return events;
  }

  private onLost(error: Error, url: string): void {
    const { running, context } = this;
    if (running === null || context === null) return;
    this.running = null;
    this.lost = error;
    context.reportError(error);
    context.logger.error(`The channel has lost its database, and looks for it every ${reopenMs} ms: ${error.message}`);
    void running.close();
    this.reopenLater(url, context);
  }

  private reopenLater(url: string, context: ComponentContext): void {
    this.timer = context.clock.after(reopenMs, () => {
      this.reopening = this.reopen(url, context).finally(() => {
        this.reopening = null;
      });
    });
  }

  private async reopen(url: string, context: ComponentContext): Promise<void> {
    try {
      const running = await this.open(url, context);
      if (this.context === null) {
        await running.close();
        return;
      }
      this.running = running;
      this.lost = null;
      context.reportError(null);
      context.logger.info('The channel has its database again.');
    } catch (error) {
      this.lost = error instanceof Error ? error : new Error(messageOf(error));
      context.reportError(this.lost);
      if (this.context !== null) this.reopenLater(url, context);
    }
  }
}

export const jdbcChannel: ComponentType<Channel> = {
  name: 'jdbc',
  classNames: ['org.apache.flume.channel.jdbc.JdbcChannel'],
  doc: 'Holds events in PostgreSQL. What it has committed is as durable as the database.',
  options: jdbcChannelOptions,
  check: checkJdbcChannel,
  create: ({ agent, name, options, services }) =>
    new JdbcChannel(name, readJdbcChannelOptions(`channel ${name}`, options), {
      key: `${agent}/${name}`,
      databaseUrl: services.databaseUrl ?? null,
    }),
};
