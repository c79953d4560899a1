import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Child } from './child.js';
import { pythonPackages } from './python.js';

const run = promisify(execFile);
const cache = process.env['MILLRACE_PEERS_CACHE'] ?? join(homedir(), '.cache', 'millrace-peers');
/** The last that runs on Java 11 and 17; it keeps schemas in memory. */
const version = '2.6.13.Final';

export interface SchemaRegistry {
  readonly child: Child;
  /** Of the API that is Confluent's. */
  readonly url: string;
}

/** A real schema registry: Apicurio, which speaks the API of Confluent's. */
export async function startSchemaRegistry({
  directory,
  port,
}: {
  directory: string;
  port: number;
}): Promise<SchemaRegistry> {
  const folder = await unpacked();
  const jar = readdirSync(folder).find((name) => name.endsWith('-runner.jar'));
  if (jar === undefined) throw new Error(`${folder} has no runner`);
  const child = new Child({
    command: 'java',
    args: [
      ...['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
      ...['-Dquarkus.http.host=127.0.0.1', `-Dquarkus.http.port=${port}`],
      ...['-jar', join(folder, jar)],
    ],
    cwd: folder,
    logPath: join(directory, 'schema-registry.out'),
  });
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`;
  await child.until('the schema registry', async () => {
    try {
      return (await fetch(`${url}/subjects`)).ok;
    } catch {
      return false;
    }
  });
  return { child, url };
}

/** Fetched by the machine's Maven, once. */
async function unpacked(): Promise<string> {
  const folder = join(cache, `apicurio-registry-${version}`);
  if (existsSync(folder)) return folder;
  const part = `${folder}.${process.pid}`;
  mkdirSync(part, { recursive: true });
  const artifact = `io.apicurio:apicurio-registry-app:${version}:tar.gz:all`;
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy';
  await run('mvn', ['-q', '-B', goal, `-Dartifact=${artifact}`, `-DoutputDirectory=${part}`], { timeout: 600_000 });
  const archive = join(part, `apicurio-registry-app-${version}-all.tar.gz`);
  await run('tar', ['xzf', archive, '-C', part], { timeout: 120_000 });
  rmSync(archive);
  renameSync(part, folder);
  return folder;
}

export interface RegistryProducer {
  readonly registry: string;
  readonly bootstrap: string;
  readonly avroTopic: string;
  readonly jsonTopic: string;
  readonly count: number;
}

/** Writes records with Confluent's own serializers of Python: see registry_producer.py. */
export async function produceWithRegistry(options: RegistryProducer): Promise<void> {
  const python = await pythonPackages(join(import.meta.dirname, 'registry-requirements.txt'));
  const { registry, bootstrap, avroTopic, jsonTopic, count } = options;
  const program = join(import.meta.dirname, 'registry_producer.py');
  await run(python, [program, registry, bootstrap, avroTopic, jsonTopic, String(count)], { timeout: 60_000 });
}
