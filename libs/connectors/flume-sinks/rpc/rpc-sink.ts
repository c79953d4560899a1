import type { ConnectionOptions } from 'node:tls';
import type { ChannelSink, ComponentContext } from '#pipeline/collector';
import type { EventBatch } from '#pipeline/event-batch';
import { RpcClient, type RpcClientProtocol } from './rpc-client.js';

export interface RpcSinkOptions {
  readonly host: string;
  readonly port: number;
  readonly batchSize: number;
  readonly requestsInFlightMax: number;
  readonly connectMsMax: number;
  readonly requestMsMax: number;
  /** A connection is left when it is so old, ms; 0 is never. */
  readonly connectionMsMax: number;
  readonly compressionLevel: number | null;
  /** With both: what TLS has encrypted is compressed. */
  readonly isTlsInside: boolean;
  /** Called at each start; null without TLS. */
  readonly tls: () => ConnectionOptions | null;
  /** For a new connection. */
  readonly protocol: () => RpcClientProtocol;
}

/** Sends batches to another agent over one connection, which is made when it is needed and left when anything goes wrong with it. */
export class RpcSink implements ChannelSink {
  private context: ComponentContext | null = null;
  private tls: ConnectionOptions | null = null;
  private client: RpcClient | null = null;
  private connecting: Promise<RpcClient> | null = null;
  private connectedAt = 0;

  constructor(private readonly options: RpcSinkOptions) {}

  get batchSize(): number {
    return this.options.batchSize;
  }

  get writesInFlightMax(): number {
    return this.options.requestsInFlightMax;
  }

  /** The other side may be away: only what this side has to bring is looked at. */
  start(context: ComponentContext): Promise<void> {
    try {
      this.tls = this.options.tls();
      this.context = context;
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  stop(): Promise<void> {
    if (this.client !== null) this.leave(this.client);
    this.context = null;
    return Promise.resolve();
  }

  async write(batch: EventBatch): Promise<void> {
    const client = this.current() ?? (await this.connected());
    try {
      await client.send(batch);
    } catch (error) {
      // The next try may reach another machine behind the same name.
      if (this.client === client) this.leave(client);
      throw error;
    }
  }

  /** The connection that there is, if it is good for another batch. */
  private current(): RpcClient | null {
    const { client, context } = this;
    if (client === null || context === null) return null;
    const { connectionMsMax } = this.options;
    const isOld = connectionMsMax > 0 && context.clock.monotonic() - this.connectedAt >= connectionMsMax;
    if (client.isOpen && !(isOld && client.isIdle)) return client;
    this.leave(client);
    return null;
  }

  /** One attempt for all who wait for it. */
  private connected(): Promise<RpcClient> {
    this.connecting ??= this.connect().finally(() => (this.connecting = null));
    return this.connecting;
  }

  private async connect(): Promise<RpcClient> {
    const { context, tls } = this;
    if (context === null) throw new Error('The sink is not started.');
    try {
      const client = await RpcClient.connect(this.options.protocol(), { ...this.options, tls, clock: context.clock });
      context.count('ConnectionCreatedCount', 1);
      this.connectedAt = context.clock.monotonic();
      this.client = client;
      return client;
    } catch (error) {
      context.count('ConnectionFailedCount', 1);
      throw error;
    }
  }

  private leave(client: RpcClient): void {
    this.client = null;
    client.close();
    this.context?.count('ConnectionClosedCount', 1);
  }
}
