import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { answers, Child, sleep } from '../test/peers/child.js';
import { startFlume } from '../test/peers/flume.js';
import { usageOf } from '../test/peers/usage.js';
import { benchOptions, nodeFlags, projectRoot, report, withFolder, type Sample } from './harness.js';

type Kind = 'syslog' | 'http';

const port = 27_292;

/**
 * A source that is sent to as fast as it takes, over four connections, a memory channel that holds everything, and a file_roll sink: the
 * same flume.conf run by our collector and by a real Flume agent, in turn. CPU and memory are the agent's, its start left out.
 */
export function benchIngest(kind: Kind): (args: readonly string[]) => Promise<void> {
  return async (args) => {
    const { records, rounds } = benchOptions(args, { records: 400_000, rounds: 3 });
    await withFolder(async (folder) => {
      const samples: Record<'millrace' | 'flume', Sample[]> = { millrace: [], flume: [] };
      for (let round = 0; round < rounds; round += 1) {
        for (const name of round % 2 === 0 ? (['millrace', 'flume'] as const) : (['flume', 'millrace'] as const)) {
          const sample = await ingest(name, kind, join(folder, `${name}-${round}`), records);
          process.stderr.write(
            `${name}: ${Math.round(records / sample.wallSeconds)} events/s, ${sample.cpuSeconds.toFixed(2)} CPU-s, ${sample.peakMiB.toFixed(0)} MiB\n`,
          );
          samples[name].push(sample);
        }
      }
      const source = kind === 'http' ? 'http (JSON, 100 events a request)' : 'syslogtcp (RFC 3164)';
      report(
        `ingest-${kind}`,
        `${records} events of 200 bytes: ${source}, memory channel, file_roll, the same flume.conf`,
        { name: 'millionEvents', count: records / 1e6 },
        { name: 'millrace', samples: samples.millrace },
        { name: 'flume', samples: samples.flume },
      );
    });
  };
}

async function ingest(name: 'millrace' | 'flume', kind: Kind, directory: string, records: number): Promise<Sample> {
  const out = join(directory, 'out');
  mkdirSync(out, { recursive: true });
  const confPath = join(directory, 'flume.conf');
  writeFileSync(confPath, flumeConf(kind, out, records));
  const agent =
    name === 'flume'
      ? await startFlume({ confPath, agent: 'a1', directory, heap: '1g' })
      : startCollector(confPath, directory);
  try {
    await agent.until('the source', () => answers(port));
    await sleep(500);
    const before = usageOf(agent.pid);
    const began = performance.now();
    const load = new Child({
      command: process.execPath,
      args: [join(import.meta.dirname, 'ingest-load.js'), kind, String(port), String(records)],
      logPath: join(directory, 'load.out'),
    });
    const written = await untilWritten(out, load, agent, records);
    const wallSeconds = (performance.now() - began) / 1000;
    const after = usageOf(agent.pid);
    if (written < records) throw new Error(`${name} wrote ${written} of ${records} events`);
    return { wallSeconds, cpuSeconds: after.cpuSeconds - before.cpuSeconds, peakMiB: after.peakMiB };
  } finally {
    await agent.kill();
  }
}

/** Events in the files, by their size: all are equally long. */
async function untilWritten(out: string, load: Child, agent: Child, records: number): Promise<number> {
  let bytes = -1;
  let quietSince = performance.now();
  for (;;) {
    const now = readdirSync(out).reduce((sum, file) => sum + statSync(join(out, file)).size, 0);
    if (now !== bytes) quietSince = performance.now();
    bytes = now;
    const lineBytes = await lineLength(out);
    const written = lineBytes === 0 ? 0 : Math.floor(bytes / lineBytes);
    if (written >= records) return written;
    if (agent.exitCode !== undefined) throw new Error(`the agent ended:\n${agent.output().slice(-3000)}`);
    if (load.exitCode !== undefined && load.exitCode !== 0) throw new Error(load.output().slice(-2000));
    if (load.exitCode === 0 && performance.now() - quietSince > 5000) return written;
    await sleep(20);
  }
}

async function lineLength(out: string): Promise<number> {
  const [file] = readdirSync(out);
  if (file === undefined) return 0;
  const handle = await open(join(out, file), 'r');
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(1024), 0, 1024, 0);
  await handle.close();
  return buffer.subarray(0, bytesRead).indexOf(10) + 1;
}

function startCollector(confPath: string, directory: string): Child {
  const words = ['collector', 'run', '--conf', confPath, '--name', 'a1', '--data', join(directory, 'state')];
  return new Child({
    command: process.execPath,
    args: [...nodeFlags, join(projectRoot, 'bin', 'millrace.mjs'), ...words],
    logPath: join(directory, 'collector.out'),
  });
}

function flumeConf(kind: Kind, out: string, records: number): string {
  const source =
    kind === 'http'
      ? `a1.sources.r.type = http\na1.sources.r.bind = 127.0.0.1\na1.sources.r.port = ${port}`
      : `a1.sources.r.type = syslogtcp\na1.sources.r.host = 127.0.0.1\na1.sources.r.port = ${port}`;
  return `a1.sources = r
a1.channels = c
a1.sinks = k
${source}
a1.sources.r.channels = c
a1.channels.c.type = memory
a1.channels.c.capacity = ${records}
a1.channels.c.transactionCapacity = 1000
a1.sinks.k.type = file_roll
a1.sinks.k.channel = c
a1.sinks.k.sink.directory = ${out}
a1.sinks.k.sink.rollInterval = 0
a1.sinks.k.sink.batchSize = 1000
`;
}
