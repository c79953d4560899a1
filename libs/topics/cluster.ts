import type { Clock } from '#std/clock';
import type { Logger } from '#std/log';
import type { Random } from '#std/random';

export interface ClusterOptions {
  /** Addresses to begin with: `127.0.0.1:9092`. */
  readonly bootstrap: readonly string[];
  readonly clientId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default: the system's. */
  readonly random?: Random;
  /** An answer that takes longer closes the connection, ms. Default 30000. */
  readonly requestTimeoutMs?: number;
  /** Default 10000. */
  readonly connectTimeoutMs?: number;
  /** Metadata older than this is asked for again, ms. Default 300000. */
  readonly metadataAgeMsMax?: number;
}

/**
 * A Kafka-speaking cluster by address: connections, versions, metadata, coordinators. One is enough for any number of
 * writers, readers and admins of a process. Connects on first use.
 */
export class Cluster {
  constructor(readonly options: ClusterOptions) {}

  /** Closes all connections; what is under way is rejected with `topics.client.closed`. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** `host:port, host:port` as people write it. */
export function parseBootstrap(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((item) => item !== '');
}
