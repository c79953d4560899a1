import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brokerPassword, brokerUser } from './message-brokers.js';

const run = promisify(execFile);

export interface JmsClient {
  readonly jars: string;
  readonly initialContextFactory: string;
  readonly url: string;
  /** Which JMS the jars are of. */
  readonly api: 'javax' | 'jakarta';
  readonly directory: string;
}

/** Sends with the provider's own Java client: see JmsSender.java. Resolves when the messages are committed. */
export async function sendJms(
  client: JmsClient,
  kind: 'queue' | 'topic',
  { names, prefix, range }: { names: readonly string[]; prefix: string; range: 'kinds' | readonly [number, number] },
): Promise<void> {
  const source = readFileSync(join(import.meta.dirname, 'JmsSender.java'), 'utf8');
  mkdirSync(client.directory, { recursive: true });
  const program = join(client.directory, 'JmsSender.java');
  writeFileSync(program, source.replaceAll('javax.jms.', `${client.api}.jms.`));
  await run(
    'java',
    [
      ...['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', client.jars, program],
      ...[client.initialContextFactory, client.url, brokerUser, brokerPassword, kind, names.join(','), prefix],
      ...(range === 'kinds' ? ['kinds'] : range.map(String)),
    ],
    { timeout: 60_000 },
  );
}
