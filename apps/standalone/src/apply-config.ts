import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster, parseBootstrap } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import type { StandaloneConfig } from './config-file.js';

export interface ApplyTarget {
  /** The data folder. */
  readonly directory: string;
  readonly bootstrap: string;
  readonly url: string;
}

/**
 * Asks for the topics and connectors of the configuration file, by the protocol and the REST calls that everybody uses. Only when the
 * file has changed since the last time: what was paused, changed or removed by REST meanwhile stays so.
 */
export async function applyConfig(config: StandaloneConfig, target: ApplyTarget): Promise<void> {
  const mark = join(target.directory, 'applied-config');
  const hash = createHash('sha256')
    .update(JSON.stringify([config.topics, config.connectors]))
    .digest('hex');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === hash) return;
  if (config.topics.length > 0) await createTopics(config, target.bootstrap);
  for (const connector of config.connectors) {
    const response = await fetch(new URL(`/connectors/${encodeURIComponent(connector.name)}/config`, target.url), {
      method: 'PUT',
      headers: { 'content-type': 'application/json', ...loginOf(process.env) },
      body: JSON.stringify(connector.config),
    });
    if (!response.ok) throw new Error(`${config.path}: ${connector.name} was refused: ${await messageOf(response)}`);
  }
  writeFileSync(mark, hash);
}

/** Where REST needs a login: the key that may do everything. */
function loginOf(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const key = environment['MILLRACE_ADMIN_KEY'] ?? '';
  return key === '' ? {} : { authorization: `ApiKey ${key}` };
}

/** Those that are missing; what is there stays as it is. */
async function createTopics(config: StandaloneConfig, bootstrap: string): Promise<void> {
  const cluster = new Cluster({
    bootstrap: parseBootstrap(bootstrap),
    clientId: 'millrace',
    clock: systemClock,
    logger: silentLogger,
  });
  try {
    const admin = new TopicAdmin(cluster);
    const known = new Set((await admin.listTopics()).map((topic) => topic.name));
    for (const topic of config.topics) if (!known.has(topic.name)) await admin.createTopic(topic);
  } finally {
    await cluster.close();
  }
}

async function messageOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && 'message' in body) return String(body.message);
  } catch {
    // Not JSON: shown as it is.
  }
  return text;
}
