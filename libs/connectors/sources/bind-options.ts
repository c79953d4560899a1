/** What all sources that listen have in common: where they may, and how much they take at once. */
import { defineOptions, type OptionSpec } from '#config/options';
import { isLoopback } from '#net/host';
import type { ComponentRemark } from '#pipeline/collector';

export const bindOptions = defineOptions({
  insecure: {
    type: 'boolean',
    default: false,
    doc: 'Allows an address that other machines can reach. Nothing asks them who they are, so a network that everybody may write from is meant.',
  },
  maxConnections: {
    type: 'int',
    default: 1000,
    min: 1,
    unit: 'connections',
    doc: 'Connections at once; further ones are closed at once.',
  },
});

/** Of sources that take TCP connections of their own protocol. */
export const idleTimeoutOption = {
  type: 'int',
  default: 0,
  min: 0,
  unit: 'ms',
  doc: 'A connection on which nothing comes for so long is closed; 0 closes none, as in Flume. Connections of dead machines end anyway (TCP keep-alive, after some minutes).',
} as const satisfies OptionSpec;

export const portOption = {
  type: 'int',
  required: true,
  min: 0,
  max: 65_535,
  doc: 'The port; 0 takes any free one.',
  importance: 'high',
} as const satisfies OptionSpec;

/** Gathered events are handed over in batches of so many: as many as fit Flume's memory channel as it comes. */
export const gatheredBatchSize = {
  type: 'int',
  default: 100,
  min: 1,
  unit: 'events',
  doc: 'Events handed to the channels at once, at most; those that arrive together go together. In Flume each is alone.',
} as const satisfies OptionSpec;

export function checkBind(option: string, host: string, insecure: boolean): ComponentRemark[] {
  if (insecure || isLoopback(host)) return [];
  const message = `listener off loopback without authentication: ${host} lets other machines in. Use 127.0.0.1, or set insecure = true to allow it`;
  return [{ severity: 'error', option, message }];
}
