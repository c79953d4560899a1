import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from './child.js';
import { javaArguments, javaSource } from './flume.js';
import { classPath } from './jars.js';

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

/** The Scribe client that comes with Flume's source; gives what it was answered, each kind of answer once. */
export async function sendByScribe(directory: string, port: number, count: number): Promise<string> {
  mkdirSync(directory, { recursive: true });
  const jars = await classPath('flume-scribe', [
    'org.apache.flume.flume-ng-sources:flume-scribe-source:1.11.0',
    'org.slf4j:slf4j-nop:1.7.36',
  ]);
  const program = ['-cp', jars, javaSource('ScribeSender'), String(port), String(count), '100'];
  const output = await runVirtualMachine(directory, program, 'scribe');
  return /answers: \[(.*)\]/.exec(output)?.[1] ?? output;
}

async function runJava(directory: string, program: readonly string[], name: string): Promise<string> {
  return runVirtualMachine(directory, [...(await javaArguments(directory, '256m')), ...program], name);
}

async function runVirtualMachine(directory: string, args: readonly string[], name: string): Promise<string> {
  const quick = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
  const child = new Child({
    command: 'java',
    args: [...quick, ...args],
    logPath: join(directory, `${name}.out`),
  });
  const late = setTimeout(() => void child.kill(), 100_000);
  const code = await child.exit();
  clearTimeout(late);
  if (code !== 0) throw new Error(`${name} ended with ${code}:\n${child.output().slice(-3000)}`);
  return child.output();
}
