/**
 * Features that change what clients do, by Kafka's names (KIP-584): the levels that are understood here, and the one in force. Nothing
 * is listed that is not implemented, because clients rely on it at once.
 */
export interface Feature {
  readonly name: string;
  readonly minVersion: number;
  readonly maxVersion: number;
  /** In force; 0 where it is off. */
  readonly finalized: number;
}

export const supportedFeatures: readonly Feature[] = [
  // 1: groups of the consumer protocol (KIP-848).
  { name: 'group.version', minVersion: 0, maxVersion: 1, finalized: 1 },
  // 2: an epoch for each transaction, partitions added by the first write (KIP-890).
  { name: 'transaction.version', minVersion: 0, maxVersion: 2, finalized: 2 },
];
