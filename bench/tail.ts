import { mkdirSync, writeFileSync, createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { Child, sleep } from '../test/peers/child.js';
import { startFlume } from '../test/peers/flume.js';
import { hasRsyslog, startRsyslog } from '../test/peers/rsyslog.js';
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
/** Nothing more comes. */
const settledMs = 100;

interface Run {
  readonly logs: string;
  readonly bootstrap: string;
  readonly topic: string;
  readonly directory: string;
}

interface Contender {
  readonly name: string;
  start(run: Run): Promise<Child>;
}

interface Mode {
  readonly what: string;
  readonly ours: Contender;
  readonly peer: Contender;
}

const ours = (conf: (run: Run) => string): Contender => ({
  name: 'millrace',
  start: (run) => Promise.resolve(startCollector(run, conf(run))),
});

const flume: Contender = {
  name: 'flume',
  start: (run) => {
    const confPath = writeConf(run, fileChannelConf(run));
    return startFlume({ confPath, agent: 'a1', directory: run.directory, heap: '1g' });
  },
};

const rsyslog: Contender = {
  name: 'rsyslog',
  start({ logs, bootstrap, topic, directory }) {
    if (!hasRsyslog()) throw new Error('This benchmark needs rsyslog and rsyslog-kafka.');
    return Promise.resolve(startRsyslog({ files: join(logs, '*.log'), bootstrap, topic, directory }));
  },
};

const modes = {
  /** The same flume.conf for both. */
  tail: {
    what: 'taildir, file channel, Kafka sink, the same flume.conf',
    ours: ours(fileChannelConf),
    peer: flume,
  },
  'tail-exactly-once': {
    what: 'ours: taildir into a Kafka channel, each line exactly once; Flume: taildir, file channel, Kafka sink',
    ours: ours(exactlyOnceConf),
    peer: flume,
  },
  'tail-rsyslog': {
    what: 'ours: taildir into a Kafka channel, each line exactly once; rsyslog: imfile, omkafka with acks=-1',
    ours: ours(exactlyOnceConf),
    peer: rsyslog,
  },
} satisfies Record<string, Mode>;

/**
 * Lines of one file into the same real Kafka by our collector and by a peer, in turn. CPU and memory are the agent's, its start
 * included.
 */
export function benchTail(name: keyof typeof modes): (args: readonly string[]) => Promise<void> {
  return async (args) => {
    const mode: Mode = modes[name];
    const { records, rounds } = benchOptions(args, { records: 1_000_000, rounds: 3 });
    await withFolder(async (folder) => {
      const kafka = await startPeer(folder, 27_192);
      try {
        const logs = join(folder, 'logs');
        await writeLines(logs, records);
        const samples = new Map<Contender, Sample[]>([
          [mode.ours, []],
          [mode.peer, []],
        ]);
        for (let round = 0; round < rounds; round += 1) {
          for (const contender of round % 2 === 0 ? [mode.ours, mode.peer] : [mode.peer, mode.ours]) {
            const topic = `${contender.name}-${round}`;
            const directory = join(folder, topic);
            mkdirSync(directory, { recursive: true });
            const run = { logs, bootstrap: kafka.bootstrap, topic, directory };
            const sample = await tail(contender, run, records);
            process.stderr.write(
              `${contender.name}: ${Math.round(records / sample.wallSeconds)} lines/s, ${sample.cpuSeconds.toFixed(2)} CPU-s, ${sample.peakMiB.toFixed(0)} MiB\n`,
            );
            samples.get(contender)?.push(sample);
          }
        }
        report(
          name,
          `${records} lines of ${lineBytes} bytes into the same Kafka; ${mode.what}`,
          { name: 'millionLines', count: records / 1e6 },
          { name: mode.ours.name, samples: samples.get(mode.ours) ?? [] },
          { name: mode.peer.name, samples: samples.get(mode.peer) ?? [] },
        );
      } finally {
        await kafka.child.stop();
      }
    });
  };
}

async function tail(contender: Contender, run: Run, records: number): Promise<Sample> {
  return withAdmin(run.bootstrap, async (admin) => {
    await admin.createTopic({ name: run.topic, partitions: 1, replicationFactor: 1 });
    const began = performance.now();
    const agent = await contender.start(run);
    try {
      // The ends of transactions take offsets too, so the last line is there when nothing more comes.
      let [seen, seenAt] = [0, began];
      while (seen < records || performance.now() - seenAt < settledMs) {
        const [end] = await admin.offsets(run.topic, 'latest');
        if ((end?.offset ?? 0) > seen) [seen, seenAt] = [end?.offset ?? 0, performance.now()];
        if (agent.exitCode !== undefined) throw new Error(`${contender.name} ended:\n${agent.output().slice(-3000)}`);
        await sleep(20);
      }
      const usage = usageOf(agent.pid);
      return { wallSeconds: (seenAt - began) / 1000, cpuSeconds: usage.cpuSeconds, peakMiB: usage.peakMiB };
    } finally {
      await agent.kill();
    }
  });
}

function startCollector(run: Run, conf: string): Child {
  const confPath = writeConf(run, conf);
  return new Child({
    command: process.execPath,
    args: [
      ...nodeFlags,
      join(projectRoot, 'bin', 'millrace.mjs'),
      ...['collector', 'run', '--conf', confPath, '--name', 'a1'],
      ...['--bootstrap', run.bootstrap, '--data', join(run.directory, 'state')],
    ],
    logPath: join(run.directory, 'collector.out'),
  });
}

function writeConf(run: Run, conf: string): string {
  const path = join(run.directory, 'flume.conf');
  writeFileSync(path, conf);
  return path;
}

function fileChannelConf(run: Run): string {
  const { directory } = run;
  return `${sourceConf(run)}
a1.sinks = k
a1.channels.c.type = file
a1.channels.c.checkpointDir = ${directory}/checkpoint
a1.channels.c.dataDirs = ${directory}/data
a1.channels.c.capacity = 1000000
a1.channels.c.transactionCapacity = 10000
a1.sinks.k.type = org.apache.flume.sink.kafka.KafkaSink
a1.sinks.k.channel = c
a1.sinks.k.kafka.topic = ${run.topic}
a1.sinks.k.kafka.bootstrap.servers = ${run.bootstrap}
a1.sinks.k.flumeBatchSize = 1000
a1.sinks.k.kafka.producer.acks = all
a1.sinks.k.kafka.producer.linger.ms = 5
`;
}

/** A source of its own in each run, because positions outlive it. */
function exactlyOnceConf(run: Run): string {
  return `${sourceConf(run)}
a1.sources.r.exactly.once.support = required
a1.sources.r.exactly.once.owner = ${run.topic}
a1.channels.c.type = org.apache.flume.channel.kafka.KafkaChannel
a1.channels.c.kafka.topic = ${run.topic}
a1.channels.c.kafka.bootstrap.servers = ${run.bootstrap}
a1.channels.c.parseAsFlumeEvent = false
`;
}

function sourceConf(run: Run): string {
  return `a1.sources = r
a1.channels = c
a1.sources.r.type = TAILDIR
a1.sources.r.channels = c
a1.sources.r.filegroups = f
a1.sources.r.filegroups.f = ${run.logs}/.*\\\\.log
a1.sources.r.positionFile = ${run.directory}/position.json
a1.sources.r.batchSize = 1000`;
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
