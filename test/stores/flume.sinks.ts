import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ledger } from '../flows/line-writer.js';
import { answers, sleep } from '../peers/child.js';
import { startFlume } from '../peers/flume.js';
import { trial, type TrialOptions, type TrialStore } from './trial.js';

/** A real Flume agent behind the topics: its source, a file channel, files. */
async function openFlume(
  source: 'avro' | 'thrift',
  folder: string,
  port: number,
  records: number,
): Promise<TrialStore> {
  const files = join(folder, 'files');
  mkdirSync(files, { recursive: true });
  const confPath = join(folder, 'flume.conf');
  writeFileSync(confPath, flumeConf(source, folder, files, port));
  const start = async () => {
    const child = await startFlume({ confPath, agent: 'a1', directory: folder });
    await child.until('its source', () => answers(port));
    return child;
  };
  let child = await start();
  return {
    config: { 'connector.class': `flume-${source}`, hostname: '127.0.0.1', port: String(port) },
    pause: () => child.kill(),
    async resume() {
      child = await start();
    },
    stop: () => child.kill(),
    async read() {
      await untilStill(() => linesIn(files).length);
      const seen = new Ledger(records);
      for (const line of linesIn(files)) seen.add((JSON.parse(line) as { id: number }).id);
      return { kind: 'each', seen };
    },
  };
}

function flumeConf(source: string, folder: string, files: string, port: number): string {
  return `
    a1.sources = r
    a1.channels = c
    a1.sinks = k
    a1.sources.r.type = ${source}
    a1.sources.r.bind = 127.0.0.1
    a1.sources.r.port = ${port}
    a1.sources.r.channels = c
    a1.channels.c.type = file
    a1.channels.c.checkpointDir = ${join(folder, 'checkpoint')}
    a1.channels.c.dataDirs = ${join(folder, 'data')}
    a1.channels.c.capacity = 1000000
    a1.channels.c.transactionCapacity = 10000
    a1.sinks.k.type = file_roll
    a1.sinks.k.channel = c
    a1.sinks.k.sink.directory = ${files}
    a1.sinks.k.sink.rollInterval = 0
    a1.sinks.k.batchSize = 1000
  `;
}

/** Whole lines; a kill of the agent may leave a part of one. */
function linesIn(folder: string): string[] {
  return readdirSync(folder).flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('{"id":') && line.endsWith('}')),
  );
}

/** The agent empties its channel after the sink has delivered. */
async function untilStill(measure: () => number): Promise<void> {
  for (let last = -1, now = measure(); last !== now; now = measure()) {
    last = now;
    await sleep(2500);
  }
}

function flumeTrial(
  source: 'avro' | 'thrift',
  options: Pick<TrialOptions, 'port' | 'kills'> & { records: number },
): void {
  trial({
    ...options,
    name: `Flume's ${source} source`,
    guarantee: 'at-least-once',
    commitIntervalMs: 2000,
    open: (folder, port) => openFlume(source, folder, port, options.records),
  });
}

flumeTrial('avro', { port: 25_710, records: 200_000, kills: 6 });
flumeTrial('thrift', { port: 25_720, records: 20_000, kills: 1 });
