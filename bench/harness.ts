import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { answers, Child } from '../test/peers/child.js';
import { startKafka } from '../test/peers/kafka.js';
import { usageOf, type Usage } from '../test/peers/usage.js';

export const projectRoot = join(import.meta.dirname, '..', '..');

/** As `npm start`, `npx millrace` and the image have them. */
export const nodeFlags = ['--initial-heap-size=256'];

export interface BenchOptions {
  readonly records: number;
  readonly rounds: number;
}

export function benchOptions(args: readonly string[], defaults: BenchOptions): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { records: { type: 'string' }, rounds: { type: 'string' } },
  });
  return { records: Number(values.records ?? defaults.records), rounds: Number(values.rounds ?? defaults.rounds) };
}

/** What one run of one contender took. */
export interface Sample {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

/** A server of ours or the peer's under measurement. */
export interface Server {
  readonly name: string;
  readonly bootstrap: string;
  readonly child: Child;
}

/** A folder for one benchmark, removed at the end whatever happens. */
export async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What counts as the server: our embedded PostgreSQL, which has nothing to do while records flow, does not. */
const databaseCommand = 'postgres';

/** Our topic service as a process of its own, with its embedded database. */
export async function startOurs(folder: string, port: number): Promise<Server> {
  const child = new Child({
    command: process.execPath,
    args: [...nodeFlags, join(projectRoot, 'bin', 'millrace.mjs'), 'role', 'topics'],
    env: { MILLRACE_DATA: join(folder, 'ours'), HOST: '127.0.0.1', PORT: String(port), DATABASE_URL: '' },
    logPath: join(folder, 'ours.out'),
  });
  await child.until('our topic service', () => answers(port));
  return { name: 'millrace', bootstrap: `127.0.0.1:${port}`, child };
}

/** A real Kafka with its defaults; with `properties` besides, under another name. */
export async function startPeer(
  folder: string,
  port: number,
  { name = 'kafka', properties = [] }: { name?: string; properties?: readonly string[] } = {},
): Promise<Server> {
  const { child, bootstrap } = await startKafka({ port, directory: join(folder, name), properties });
  return { name, bootstrap, child };
}

/** What the server's processes have used so far. */
export function serverUsage(server: { child: Child }): Usage {
  return usageOf(server.child.pid, databaseCommand);
}

/** Runs `work` and says what the server's process tree used meanwhile, our database left out. */
export async function measure(server: { child: Child }, work: () => Promise<void>): Promise<Sample> {
  const before = serverUsage(server);
  const began = performance.now();
  await work();
  const wallSeconds = (performance.now() - began) / 1000;
  const after = serverUsage(server);
  return { wallSeconds, cpuSeconds: after.cpuSeconds - before.cpuSeconds, peakMiB: after.peakMiB };
}

export async function withAdmin<T>(bootstrap: string, work: (admin: TopicAdmin) => Promise<T>): Promise<T> {
  const cluster = new Cluster({ bootstrap: [bootstrap], clientId: 'bench', clock: systemClock, logger: silentLogger });
  try {
    return await work(new TopicAdmin(cluster));
  } finally {
    await cluster.close();
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle) - 1] ?? Number.NaN)) / 2;
}

export interface Contender {
  readonly name: string;
  readonly samples: readonly Sample[];
}

export function occasion(): { date: string; machine: string } {
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
  };
}

/** Prints medians and the ratios ours / peer (below 1 = ours takes less), and keeps them. */
export function report(
  bench: string,
  what: string,
  unit: { name: string; count: number },
  ours: Contender,
  peer: Contender,
): void {
  const row = (contender: Contender): Record<string, number> => {
    const wall = median(contender.samples.map((sample) => sample.wallSeconds));
    const cpu = median(contender.samples.map((sample) => sample.cpuSeconds));
    return {
      wallSeconds: round(wall),
      [`${unit.name}PerSecond`]: round(unit.count / wall),
      cpuSeconds: round(cpu),
      [`cpuSecondsPer${capital(unit.name)}`]: round(cpu / unit.count, 5),
      peakMiB: round(median(contender.samples.map((sample) => sample.peakMiB))),
    };
  };
  const [mine, theirs] = [row(ours), row(peer)];
  const ratio = (key: string): number => round((mine[key] ?? 0) / (theirs[key] ?? 0), 3);
  const result = {
    bench,
    what,
    ...occasion(),
    rounds: ours.samples.length,
    [ours.name]: mine,
    [peer.name]: theirs,
    ratios: { wall: ratio('wallSeconds'), cpu: ratio('cpuSeconds'), memory: ratio('peakMiB') },
  };
  keepResult(bench, result);
}

/** Prints a result and keeps it in bench/results/. */
export function keepResult(bench: string, result: unknown): void {
  const text = `${JSON.stringify(result, null, 2)}\n`;
  process.stdout.write(text);
  const folder = join(projectRoot, 'bench', 'results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${bench}.json`), text);
}

export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
