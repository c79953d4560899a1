import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from './child.js';
import { javaArguments, javaSource } from './flume.js';

export type ClientProperties = Readonly<Record<string, string | number | boolean>>;

export interface FlumeSenderOptions {
  readonly directory: string;
  /** Properties of Flume's RpcClientFactory, by the clients' names. */
  readonly clients: Readonly<Record<string, ClientProperties>>;
  /** Events that each client sends. */
  readonly count: number;
  /** Bodies are filled up to so many characters. */
  readonly size?: number;
}

/** Flume's own clients, one after another in one virtual machine; gives what each said in the end. */
export async function sendByFlume({ directory, clients, count, size = 0 }: FlumeSenderOptions): Promise<string[]> {
  mkdirSync(directory, { recursive: true });
  const files = Object.entries(clients).map(([name, properties]) => {
    const path = join(directory, `${name}.properties`);
    const lines = Object.entries(properties).map(([key, value]) => `${key} = ${value}`);
    writeFileSync(path, `${lines.join('\n')}\n`);
    return path;
  });
  const program = [javaSource('FlumeSender'), String(count), String(size), ...files];
  const output = await runJava(directory, program, 'sender');
  return output.split('\n').filter((line) => / (sent \d+ in|failed:) /.test(line));
}

/** What `flume-ng avro-client` runs: the lines of a file as events. */
export async function runAvroClient(directory: string, args: readonly string[]): Promise<void> {
  mkdirSync(directory, { recursive: true });
  await runJava(directory, ['org.apache.flume.client.avro.AvroCLIClient', ...args], 'avro-client');
}

async function runJava(directory: string, program: readonly string[], name: string): Promise<string> {
  const quick = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
  const child = new Child({
    command: 'java',
    args: [...quick, ...(await javaArguments(directory, '256m')), ...program],
    logPath: join(directory, `${name}.out`),
  });
  const late = setTimeout(() => void child.kill(), 100_000);
  const code = await child.exit();
  clearTimeout(late);
  if (code !== 0) throw new Error(`${program[0]} ended with ${code}:\n${child.output().slice(-3000)}`);
  return child.output();
}
