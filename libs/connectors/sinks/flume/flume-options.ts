import { defineOptions, type OptionProblem, type OptionValues } from '#config/options';
import type { SinkProcessorPlan } from '#pipeline/flume-plan';
import { rpcSinkOptions } from '../../flume-sinks/rpc/rpc-sink-options.js';
import type { EventHeaders } from './record-events.js';

const receivers = 'Receivers';
const events = 'Events';

/** What the sinks to Flume's two RPC sources have in common; the names are those of Flume's sinks and of its RPC client. */
export const flumeSinkOptions = defineOptions({
  hostname: {
    ...rpcSinkOptions.hostname,
    required: false,
    group: receivers,
    doc: 'Host name or address of the agent. Several: `hosts`.',
  },
  port: { ...rpcSinkOptions.port, required: false, group: receivers, doc: 'Port of its source.' },
  ssl: { ...rpcSinkOptions.ssl, doc: 'The connection uses TLS.' },
  hosts: {
    type: 'list',
    default: [],
    importance: 'high',
    group: receivers,
    doc: 'Several agents: `host:port` each, or names whose addresses are in `hosts.NAME`, separated by commas or spaces.',
  },
  'hosts.NAME': {
    type: 'map',
    prefix: 'hosts.',
    importance: 'medium',
    group: receivers,
    doc: 'Address of a name in `hosts`: `hosts.h1=collector-1:4141`.',
  },
  'client.type': {
    type: 'string',
    default: 'default',
    values: ['default', 'default_failover', 'default_loadbalance', 'thrift'],
    importance: 'medium',
    group: receivers,
    doc:
      'With several `hosts`: `default_loadbalance` lets them take turns, batch by batch, which keeps no order between batches; everything ' +
      'else prefers the first that works.',
  },
  'host-selector': {
    type: 'string',
    default: 'round_robin',
    values: ['round_robin', 'random'],
    importance: 'low',
    group: receivers,
    doc: 'Whose turn it is with `default_loadbalance`.',
  },
  backoff: {
    type: 'boolean',
    default: true,
    importance: 'low',
    group: receivers,
    doc: 'Of several hosts, leave out one that failed for 2 s, 4 s and so on.',
  },
  maxBackoff: {
    type: 'long',
    default: 30_000,
    min: 0,
    unit: 'ms',
    importance: 'low',
    group: receivers,
    doc: 'Longest such time.',
  },
  'event.max.bytes': {
    type: 'int',
    default: 16_000_000,
    min: 1024,
    unit: 'bytes',
    importance: 'medium',
    group: events,
    doc:
      'A larger event (body and headers) is a bad record. A Thrift source of Flume closes the connection at a message of 16,384,000 bytes; ' +
      'messages are kept below this too.',
  },
  setTopicHeader: {
    type: 'boolean',
    default: true,
    importance: 'low',
    group: events,
    doc: 'Add a header with the topic of the record.',
  },
  topicHeader: { type: 'string', default: 'topic', importance: 'low', group: events, doc: 'Name of that header.' },
  setPositionHeaders: {
    type: 'boolean',
    default: true,
    importance: 'low',
    group: events,
    doc: "Add the headers `partition` and `offset`, as Flume's Kafka source does: with the topic they tell an event that came twice.",
  },
  timestampHeader: {
    type: 'string',
    default: 'timestamp',
    importance: 'low',
    group: events,
    doc: 'Header for the time of the record, ms. Empty: none.',
  },
  keyHeader: {
    type: 'string',
    default: 'key',
    importance: 'low',
    group: events,
    doc: 'Header for the key, as text. Empty: none.',
  },
});

export type FlumeSinkValues = OptionValues<typeof flumeSinkOptions>;

export interface HostAddress {
  readonly host: string;
  readonly port: number;
}

export function eventHeaders(values: FlumeSinkValues): EventHeaders {
  return {
    topic: values.setTopicHeader ? values.topicHeader : null,
    position: values.setPositionHeaders,
    timestamp: values.timestampHeader || null,
    key: values.keyHeader || null,
  };
}

/** Where events go, the preferred agent first. Problems where that can not be said. */
export function addressesOf(values: FlumeSinkValues): { addresses: HostAddress[]; problems: OptionProblem[] } {
  const names = values.hosts.flatMap((item) => item.split(/\s+/)).filter((name) => name !== '');
  const problem = (name: string, value: string | null, message: string): OptionProblem => ({ name, value, message });
  if (names.length === 0) {
    if (values.hostname !== null && values.port !== null) {
      return { addresses: [{ host: values.hostname, port: values.port }], problems: [] };
    }
    const missing = values.hostname === null ? 'hostname' : 'port';
    return {
      addresses: [],
      problems: [problem(missing, null, 'hostname and port say where the agent is, or hosts where several are')],
    };
  }
  const addresses: HostAddress[] = [];
  const problems: OptionProblem[] = [];
  for (const name of names) {
    const text = values['hosts.NAME'][name] ?? name;
    const match = /^(?:\[(.+)\]|([^:\s]+)):(\d{1,5})$/.exec(text.trim());
    const host = match?.[1] ?? match?.[2];
    const port = Number(match?.[3]);
    if (host !== undefined && port >= 1 && port <= 65_535) addresses.push({ host, port });
    else problems.push(problem('hosts', name, `"${text}" is no host:port; set hosts.${name} to the address`));
  }
  return { addresses, problems };
}

/** How several agents stand in for each other. `names` in their order. */
export function processorOf(values: FlumeSinkValues, names: readonly string[]): SinkProcessorPlan {
  if (values['client.type'] === 'default_loadbalance') {
    return {
      type: 'load_balance',
      isRandom: values['host-selector'] === 'random',
      backoffMsMax: values.backoff ? values.maxBackoff : 0,
    };
  }
  return { type: 'failover', order: names, maxPenaltyMs: values.backoff ? values.maxBackoff : 0 };
}
