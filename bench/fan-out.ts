import { join } from 'node:path';
import { Child } from '../test/peers/child.js';
import { Comparison } from './comparison.js';
import { benchOptions, startOurs, startPeer, withFolder, type Server } from './harness.js';
import { makeTopic, produce } from './produce.js';

const recordBytes = 1000;
/** Offered by the producer. The groups together read fourteen times as much, and the one that replays as fast as it can. */
const bytesPerSecond = 5_000_000;
const groupsAtTail = 14;

/**
 * A producer at 5 MB/s alone, then beside 16 consumer groups on its topic: 14 at the tail, one stopped (SIGSTOP) and one that
 * begins at offset 0. `share` is what the producer keeps of its rate.
 */
export async function benchFanOut(args: readonly string[]): Promise<void> {
  const rate = bytesPerSecond / recordBytes;
  const { records, rounds } = benchOptions(args, { records: rate * 10, rounds: 3 });
  const comparison = new Comparison(
    'fan-out',
    `${records} records of ${recordBytes} bytes at 5 MB/s, alone and beside 16 groups, one of them stopped, one from offset 0`,
  );
  await withFolder(async (folder) => {
    const servers = [await startOurs(folder, 27_092), await startPeer(folder, 27_192)];
    try {
      for (const server of servers)
        await produce(server, 'warm-up', { recordBytes, records: Math.min(records, 100_000) });
      for (let count = 0; count < rounds; count += 1) {
        for (const server of count % 2 === 0 ? servers : servers.toReversed()) {
          const topic = `bench-${count}`;
          await makeTopic(server, topic, 6);
          const alone = await produce(server, topic, { recordBytes, records, rate });
          const groups = await startGroups(server, folder, topic);
          const beside = await produce(server, topic, { recordBytes, records, rate });
          const read = await groups.end();
          comparison.add(server.name, {
            aloneRecordsPerSecond: records / alone.wallSeconds,
            besideRecordsPerSecond: records / beside.wallSeconds,
            share: alone.wallSeconds / beside.wallSeconds,
            aloneP99Ms: alone.latency.p99,
            besideP99Ms: beside.latency.p99,
            cpuSeconds: beside.cpuSeconds,
            slowestTailGroupRecords: read.tail,
            replayedRecords: read.replay,
          });
        }
      }
    } finally {
      for (const server of servers) await server.child.stop();
    }
  });
  comparison.report();
}

interface Groups {
  /** Records that the slowest group at the tail, and the one that replays, have read. */
  end(): Promise<{ tail: number; replay: number }>;
}

async function startGroups(server: Server, folder: string, topic: string): Promise<Groups> {
  const start = async (name: string, groups: number, from: 'earliest' | 'latest'): Promise<Child> => {
    const child = new Child({
      command: process.execPath,
      args: [
        join(import.meta.dirname, 'fan-out-reader.js'),
        ...[server.bootstrap, topic, `${name}-${topic}`, String(groups), from],
      ],
      logPath: join(folder, `${server.name}-${topic}-${name}.out`),
    });
    await child.until('the groups', () => child.output().includes('ready'));
    return child;
  };
  const tail = await start('tail', groupsAtTail, 'latest');
  const stopped = await start('stopped', 1, 'latest');
  stopped.signal('SIGSTOP');
  const replay = await start('replay', 1, 'earliest');
  const countOf = async (child: Child): Promise<number> => {
    await child.stop();
    return Number(child.output().trim().split('\n').at(-1));
  };
  return {
    async end() {
      stopped.signal('SIGCONT');
      await stopped.kill();
      return { tail: await countOf(tail), replay: await countOf(replay) };
    },
  };
}
