import { mkdirSync, writeFileSync, createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { Child, sleep } from '../test/peers/child.js';
import { startFlume } from '../test/peers/flume.js';
import { usageOf } from '../test/peers/usage.js';
import {
  benchOptions,
  nodeFlags,
  projectRoot,
  report,
  startPeer,
  withAdmin,
  withFolder,
  type Sample,
} from './harness.js';

const lineBytes = 200;

/**
 * The same flume.conf (taildir, file channel, Kafka sink) run by our collector and by a real Flume agent, from the same
 * file into the same real Kafka, in turn. CPU and memory are the agent's, its start included.
 */
export async function benchTail(args: readonly string[]): Promise<void> {
  const { records, rounds } = benchOptions(args, { records: 1_000_000, rounds: 3 });
  await withFolder(async (folder) => {
    const kafka = await startPeer(folder, 27_192);
    try {
      const logs = join(folder, 'logs');
      await writeLines(logs, records);
      const samples: Record<'millrace' | 'flume', Sample[]> = { millrace: [], flume: [] };
      for (let round = 0; round < rounds; round += 1) {
        for (const name of round % 2 === 0 ? (['millrace', 'flume'] as const) : (['flume', 'millrace'] as const)) {
          const sample = await tail(name, { folder, logs, bootstrap: kafka.bootstrap, records, round });
          process.stderr.write(
            `${name}: ${Math.round(records / sample.wallSeconds)} lines/s, ${sample.cpuSeconds.toFixed(2)} CPU-s, ${sample.peakMiB.toFixed(0)} MiB\n`,
          );
          samples[name].push(sample);
        }
      }
      report(
        'tail',
        `${records} lines of ${lineBytes} bytes: taildir, file channel, Kafka sink, the same flume.conf and the same Kafka`,
        { name: 'millionLines', count: records / 1e6 },
        { name: 'millrace', samples: samples.millrace },
        { name: 'flume', samples: samples.flume },
      );
    } finally {
      await kafka.child.stop();
    }
  });
}

interface TailRun {
  readonly folder: string;
  readonly logs: string;
  readonly bootstrap: string;
  readonly records: number;
  readonly round: number;
}

async function tail(name: 'millrace' | 'flume', run: TailRun): Promise<Sample> {
  const topic = `${name}-${run.round}`;
  const directory = join(run.folder, topic);
  mkdirSync(directory, { recursive: true });
  const confPath = join(directory, 'flume.conf');
  writeFileSync(confPath, flumeConf(run, topic, directory));
  return withAdmin(run.bootstrap, async (admin) => {
    await admin.createTopic({ name: topic, partitions: 1, replicationFactor: 1 });
    const began = performance.now();
    const agent =
      name === 'flume'
        ? await startFlume({ confPath, agent: 'a1', directory, heap: '1g' })
        : startCollector(confPath, run, directory);
    try {
      for (;;) {
        const [end] = await admin.offsets(topic, 'latest');
        if ((end?.offset ?? 0) >= run.records) break;
        if (agent.exitCode !== undefined) throw new Error(`${name} ended:\n${agent.output().slice(-3000)}`);
        await sleep(20);
      }
      const usage = usageOf(agent.pid);
      return { wallSeconds: (performance.now() - began) / 1000, cpuSeconds: usage.cpuSeconds, peakMiB: usage.peakMiB };
    } finally {
      await agent.kill();
    }
  });
}

function startCollector(confPath: string, run: TailRun, directory: string): Child {
  return new Child({
    command: process.execPath,
    args: [
      ...nodeFlags,
      join(projectRoot, 'bin', 'millrace.mjs'),
      ...[
        'collector',
        'run',
        '--conf',
        confPath,
        '--name',
        'a1',
        '--bootstrap',
        run.bootstrap,
        '--data',
        join(directory, 'state'),
      ],
    ],
    logPath: join(directory, 'collector.out'),
  });
}

function flumeConf(run: TailRun, topic: string, directory: string): string {
  return `a1.sources = r
a1.channels = c
a1.sinks = k
a1.sources.r.type = TAILDIR
a1.sources.r.channels = c
a1.sources.r.filegroups = f
a1.sources.r.filegroups.f = ${run.logs}/.*\\\\.log
a1.sources.r.positionFile = ${directory}/position.json
a1.sources.r.batchSize = 1000
a1.channels.c.type = file
a1.channels.c.checkpointDir = ${directory}/checkpoint
a1.channels.c.dataDirs = ${directory}/data
a1.channels.c.capacity = 1000000
a1.channels.c.transactionCapacity = 10000
a1.sinks.k.type = org.apache.flume.sink.kafka.KafkaSink
a1.sinks.k.channel = c
a1.sinks.k.kafka.topic = ${topic}
a1.sinks.k.kafka.bootstrap.servers = ${run.bootstrap}
a1.sinks.k.flumeBatchSize = 1000
a1.sinks.k.kafka.producer.acks = all
a1.sinks.k.kafka.producer.linger.ms = 5
`;
}

async function writeLines(folder: string, count: number): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const stream = createWriteStream(join(folder, 'access.log'));
  const filler =
    '192.0.2.17 - - "GET /items/1041?from=search HTTP/1.1" 200 5316 "-" "Mozilla/5.0 (X11; Linux x86_64)" '.repeat(3);
  for (let from = 0; from < count; from += 10_000) {
    let text = '';
    for (let line = from; line < Math.min(count, from + 10_000); line += 1) {
      text += `${`${String(line).padStart(12, '0')} ${filler}`.slice(0, lineBytes - 1)}\n`;
    }
    if (!stream.write(text)) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'finish');
}
