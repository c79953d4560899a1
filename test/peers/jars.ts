import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cache = process.env['MILLRACE_PEERS_CACHE'] ?? join(homedir(), '.cache', 'millrace-peers');

/**
 * The class path of Maven artefacts (`group:artifact:version`, then `!group:artifact` for each one to leave out), resolved once by the machine's Maven and
 * remembered.
 */
export async function classPath(name: string, artifacts: readonly string[]): Promise<string> {
  const pom = pomOf(name, artifacts);
  const key = createHash('sha256').update(pom).digest('hex').slice(0, 16);
  const folder = join(cache, `${name}-${key}`);
  const out = join(folder, 'classpath');
  if (existsSync(out)) {
    const known = readFileSync(out, 'utf8').trim();
    if (known.split(':').every((jar) => existsSync(jar))) return known;
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'pom.xml'), pom);
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath';
  const part = `${out}.${process.pid}`;
  await run(
    'mvn',
    ['-q', '-B', '-f', join(folder, 'pom.xml'), goal, '-DincludeScope=runtime', `-Dmdep.outputFile=${part}`],
    {
      timeout: 600_000,
      maxBuffer: 16 * 1024 * 1024,
    },
  );
  renameSync(part, out);
  return readFileSync(out, 'utf8').trim();
}

function pomOf(name: string, artifacts: readonly string[]): string {
  const dependencies = artifacts.map((artifact) => {
    const [coordinates = '', ...excluded] = artifact.split(' !');
    const [group, id, version] = coordinates.split(':');
    const exclusions = excluded
      .map((item) => item.split(':'))
      .map(([g, a]) => `<exclusion><groupId>${g}</groupId><artifactId>${a}</artifactId></exclusion>`)
      .join('');
    return `<dependency><groupId>${group}</groupId><artifactId>${id}</artifactId><version>${version}</version><exclusions>${exclusions}</exclusions></dependency>`;
  });
  return [
    '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>',
    `<groupId>peers</groupId><artifactId>${name}</artifactId><version>1</version><packaging>pom</packaging>`,
    `<dependencies>${dependencies.join('')}</dependencies></project>`,
  ].join('\n');
}

/** What servers written for Java 8 and 11 need opened on Java 17. */
export const javaOpens: readonly string[] = [
  ...['lang', 'lang.reflect', 'io', 'net', 'nio', 'util', 'util.concurrent'].map((name) => `java.base/java.${name}`),
  'java.base/sun.nio.ch',
  'java.base/jdk.internal.misc',
  'java.base/jdk.internal.ref',
  'java.security.jgss/sun.security.krb5',
].flatMap((module) => ['--add-opens', `${module}=ALL-UNNAMED`]);
