import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../flows/product.js';
import { answers, Child } from '../../peers/child.js';
import { confOf, type AgentConf } from './conf.js';

/** Our collector with one agent; ready when the ports answer. */
export async function startOwnAgent(directory: string, conf: AgentConf, ports: readonly number[]): Promise<Child> {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'flume.conf');
  writeFileSync(path, confOf(conf));
  const child = new Child({
    command: process.execPath,
    args: [
      join(projectRoot, 'bin/millrace.mjs'),
      ...['collector', 'run', '-f', path, '-n', conf.name, '-d', join(directory, 'data'), '--no-reload-conf'],
    ],
    logPath: join(directory, 'collector.out'),
  });
  await child.until('the collector', async () =>
    (await Promise.all(ports.map((port) => answers(port)))).every(Boolean),
  );
  return child;
}
