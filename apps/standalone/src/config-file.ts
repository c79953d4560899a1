import { readFileSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { z } from 'zod';

/**
 * What the all-in-one runs. A `millrace.json` says it all; a flume.conf alone runs each of its agents. Values of `config`
 * may be references (`${env:NAME}`); numbers and booleans may be written as such.
 */
const connector = z.object({
  name: z.string().min(1),
  config: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});
const collector = z.object({
  name: z.string().min(1),
  /** Path of the flume.conf, from the folder of this file. */
  conf: z.string(),
  /** The agent in it; default: the collector's name. */
  agent: z.string().optional(),
});
const topic = z.object({
  name: z.string().min(1),
  partitions: z.number().int().min(1).default(1),
  configs: z.record(z.string(), z.string()).default({}),
});
const fileSchema = z.strictObject({
  name: z.string().default('yours'),
  /** Settings of the topic service by Kafka's names. */
  topicService: z.record(z.string(), z.string()).default({}),
  topics: z.array(topic).default([]),
  collectors: z.array(collector).default([]),
  sinks: z.array(connector).default([]),
  /** A module with `start(folder)` that makes data to play with, from the folder of this file. */
  generator: z.string().optional(),
  /** What to try next, shown at the start. */
  next: z.string().optional(),
});

export interface StandaloneConfig {
  readonly path: string;
  readonly name: string;
  readonly topicService: Readonly<Record<string, string>>;
  readonly topics: readonly { name: string; partitions: number; configs: Readonly<Record<string, string>> }[];
  readonly connectors: readonly { name: string; config: Readonly<Record<string, string>> }[];
  readonly generator: string | null;
  readonly next: string | null;
}

/** Throws with the file's name and all that is wrong in it. */
export function loadConfigFile(given: string): StandaloneConfig {
  const path = resolve(given);
  if (extname(path) !== '.json') return flumeOnly(path);
  const parsed = fileSchema.safeParse(parseJson(path));
  if (!parsed.success) throw new Error(`${path}: ${z.prettifyError(parsed.error)}`);
  const file = parsed.data;
  return {
    path,
    name: file.name,
    topicService: file.topicService,
    topics: file.topics,
    connectors: [
      ...file.sinks.map((sink) => ({ name: sink.name, config: asText(sink.config) })),
      ...file.collectors.map((entry) => {
        return collectorOf(entry.name, resolve(dirname(path), entry.conf), entry.agent ?? entry.name);
      }),
    ],
    generator: file.generator === undefined ? null : join(dirname(path), file.generator),
    next: file.next ?? null,
  };
}

function flumeOnly(path: string): StandaloneConfig {
  const text = readConf(path);
  const agents = [...text.matchAll(/^[ \t]*([^\s.#!=:]+)\.(?:sources|channels|sinks)[ \t]*[=:]/gm)].map(
    (match) => match[1] ?? '',
  );
  return {
    path,
    name: path,
    topicService: {},
    topics: [],
    connectors: [...new Set(agents)].map((agent) => collectorOf(agent, path, agent)),
    generator: null,
    next: null,
  };
}

function collectorOf(name: string, confPath: string, agent: string): { name: string; config: Record<string, string> } {
  const text = readConf(confPath);
  return {
    name,
    config: { 'connector.class': 'collector', 'flume.conf': text, 'conf.directory': dirname(confPath), agent },
  };
}

function readConf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`cannot read the configuration ${path}`, { cause: error });
  }
}

function parseJson(path: string): unknown {
  const text = readConf(path);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Error(`${path} is not JSON`, { cause: error });
  }
}

function asText(config: Readonly<Record<string, string | number | boolean>>): Record<string, string> {
  return Object.fromEntries(Object.entries(config).map(([name, value]) => [name, String(value)]));
}
