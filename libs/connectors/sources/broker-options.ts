/** What all sources that get messages of a broker have in common. */
import { readFile } from 'node:fs/promises';
import { defineOptions, type OptionValues } from '#config/options';
import { assert } from '#std/assert';
import { MillraceError, messageOf, type ErrorKind } from '#std/errors';
import type { BrokerSourceOptions } from './broker-source.js';

export const brokerErrors = {
  password: { code: 'connectors.broker.password', retriable: true },
  refused: { code: 'connectors.broker.refused', retriable: true },
  lost: { code: 'connectors.broker.lost', retriable: true },
} satisfies Record<string, ErrorKind>;

/** Messages handed over at once: as many as fit Flume's memory channel as it comes. */
export const flowOptions = defineOptions({
  batchSize: {
    type: 'int',
    default: 100,
    min: 1,
    unit: 'messages',
    doc: 'Messages handed to the channels at once, at most; those that are there go, none waits for a batch to fill.',
  },
  prefetch: {
    type: 'int',
    default: 1000,
    min: 1,
    max: 65_535,
    unit: 'messages',
    doc: 'Messages that the broker hands out before the first of them is acknowledged.',
  },
  prefetchBytes: {
    type: 'long',
    default: 16 * 1024 * 1024,
    min: 1024,
    unit: 'bytes',
    doc: 'Bytes of messages that wait for the channels; at that no more is read.',
  },
  maxReconnectSleep: {
    type: 'int',
    default: 5000,
    min: 100,
    unit: 'ms',
    doc: 'Longest wait between two tries to connect; the first is 100 ms.',
  },
});

export const messageBounds = defineOptions({
  maxMessageBytes: {
    type: 'int',
    default: 64 * 1024 * 1024,
    min: 1024,
    max: 1024 * 1024 * 1024,
    unit: 'bytes',
    doc: 'The largest message that is taken; the broker is told where the protocol has a word for it.',
  },
});

export const credentialOptions = defineOptions({
  userName: { type: 'string', aliases: ['username', 'user'], doc: 'Who logs in. Absent: without a login.' },
  password: { type: 'password', doc: 'The password. Better: `passwordFile`.' },
  passwordFile: {
    type: 'string',
    doc: 'File that holds the password, read at each connect; a line end at its end is cut off.',
  },
});

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

type CredentialValues = Pick<OptionValues<typeof credentialOptions>, 'userName' | 'passwordFile'> & {
  readonly password?: string | null;
};

/** Null without a user. Throws `connectors.broker.password` where the file cannot be read. */
export async function readCredentials({
  userName,
  password,
  passwordFile,
}: CredentialValues): Promise<Credentials | null> {
  if (userName === null) return null;
  if (passwordFile === null) return { user: userName, password: password ?? '' };
  try {
    return { user: userName, password: (await readFile(passwordFile, 'utf8')).replace(/\r?\n$/, '') };
  } catch (error) {
    throw new MillraceError(brokerErrors.password, `passwordFile cannot be read: ${messageOf(error)}`);
  }
}

type FlowValues = OptionValues<typeof flowOptions>;

export function flowOf(values: FlowValues): BrokerSourceOptions {
  return {
    batchSize: values.batchSize,
    prefetch: Math.max(values.prefetch, values.batchSize),
    prefetchBytes: values.prefetchBytes,
    reconnectMsMax: values.maxReconnectSleep,
  };
}

export interface BrokerPlace {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
}

/** Ports by scheme, for addresses without one. */
export type SchemePorts = Readonly<Record<string, number>>;

const secureSchemes: ReadonlySet<string> = new Set([
  'amqps',
  'amqp+ssl',
  'stomps',
  'stomp+ssl',
  'mqtts',
  'mqtt+ssl',
  'ssl',
  'rediss',
]);

/** Throws an Error whose message says what is wrong; it never holds the address, which may hold a password. */
export function parseBrokerUrl(text: string, ports: SchemePorts): BrokerPlace {
  const schemes = Object.keys(ports).join('://, ');
  const found = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(text.trim());
  const scheme = found?.[1]?.toLowerCase() ?? '';
  const port = ports[scheme];
  if (found === null || port === undefined) throw new Error(`must begin with one of ${schemes}://`);
  let url: URL;
  try {
    // Only schemes that URL knows as such have ports checked and hosts in brackets taken apart.
    url = new URL(`http://${found[2] ?? ''}`);
  } catch {
    throw new Error(`must be ${scheme}://host:port`);
  }
  if (url.username !== '' || url.password !== '') throw new Error('must hold no login: use userName and passwordFile');
  const written = /^(?:\[[^\]]*\]|[^:/?]*):(\d+)/.exec(found[2] ?? '')?.[1];
  return {
    host: url.hostname.replaceAll(/^\[|\]$/g, ''),
    port: written === undefined ? port : Number(written),
    isSecure: secureSchemes.has(scheme),
  };
}

/** Addresses that are tried one after another, for brokers with a stand-in. */
export class BrokerPlaces {
  private readonly places: readonly BrokerPlace[];
  private turn = 0;

  constructor(urls: readonly string[], ports: SchemePorts) {
    this.places = urls.map((url) => parseBrokerUrl(url, ports));
  }

  /** The first again after the last. */
  next(): BrokerPlace {
    const place = this.places[this.turn % this.places.length];
    this.turn += 1;
    assert(place !== undefined, 'a broker has an address');
    return place;
  }
}

export const urlsCheck =
  (ports: SchemePorts) =>
  (urls: readonly string[]): string | null => {
    if (urls.length === 0) return 'needs at least one address';
    try {
      for (const url of urls) parseBrokerUrl(url, ports);
      return null;
    } catch (error) {
      return messageOf(error);
    }
  };
