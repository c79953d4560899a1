import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { projectRoot } from '../flows/product.js';
import { Child } from '../peers/child.js';

/** A flume.conf of the agent `a1`, written down; gives its path. */
export function writeConf(directory: string, name: string, lines: readonly string[]): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${name}.conf`);
  writeFileSync(path, `${lines.map((line) => `a1.${line}`).join('\n')}\n`);
  return path;
}

/** Properties of a file_roll sink that writes headers too; `written` reads them. */
export function fileRoll(sink: string, channel: string, folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  return [
    `sinks.${sink}.type = file_roll`,
    `sinks.${sink}.channel = ${channel}`,
    `sinks.${sink}.sink.directory = ${folder}`,
    `sinks.${sink}.sink.rollInterval = 0`,
    `sinks.${sink}.sink.serializer = HEADER_AND_TEXT`,
  ];
}

export function written(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .filter((line) => line !== '');
}

/** Our collector with one conf, as a process; ready when its agent runs. */
export async function startCollector(confPath: string, directory: string, log = 'collector'): Promise<Child> {
  const words = ['collector', 'run', '-f', confPath, '-n', 'a1', '-d', join(directory, 'data')];
  const child = new Child({
    command: process.execPath,
    args: [join(projectRoot, 'bin', 'millrace.mjs'), ...words],
    env: { DATABASE_URL: '' },
    logPath: join(directory, `${log}.out`),
  });
  await child.until('the collector', () => child.output().includes('Agent a1 runs'), 60_000);
  return child;
}

/** Sends lines to a netcat source; resolves with its answers, one a line. */
export function sendLines(port: number, lines: readonly string[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let answers = '';
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(lines.map((line) => `${line}\n`).join('')));
    socket.on('data', (text: string) => {
      answers += text;
      if (answers.split('\n').length > lines.length) socket.end();
    });
    socket.on('close', () => resolve(answers.split('\n').slice(0, -1)));
    socket.on('error', reject);
  });
}
