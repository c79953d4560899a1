import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { TopicReader } from '#topics/topic-reader';

const commitMs = 5000;

/**
 * Consumer groups of one member each, in a process of their own: `<bootstrap> <topic> <name> <groups> <latest|earliest>`. Prints
 * `ready` when each has its partitions, and on the signal to end the number of records that the slowest group has read.
 */
const [bootstrap = '', topic = '', name = '', groups = '1', start = 'latest'] = process.argv.slice(2);
const counts: number[] = [];
const readers: TopicReader[] = [];
let assigned = 0;

for (let index = 0; index < Number(groups); index += 1) {
  const cluster = new Cluster({ bootstrap: [bootstrap], clientId: name, clock: systemClock, logger: silentLogger });
  const reader = new TopicReader(cluster, {
    groupId: `${name}-${index}`,
    topics: [topic],
    start: start === 'earliest' ? 'earliest' : 'latest',
  });
  counts.push(0);
  readers.push(reader);
  await reader.start({
    onAssigned: () => {
      assigned += 1;
      if (assigned === Number(groups)) process.stdout.write('ready\n');
      return Promise.resolve([]);
    },
    onRevoked: () => Promise.resolve(),
    onLost: () => Promise.resolve(),
  });
  void read(reader, index);
}

process.once('SIGTERM', () => {
  process.stdout.write(`${Math.min(...counts)}\n`, () => process.exit(0));
});

async function read(reader: TopicReader, index: number): Promise<void> {
  let committedAt = performance.now();
  for (;;) {
    const records = await reader.poll(500);
    for (const part of records) counts[index] = (counts[index] ?? 0) + part.records.count;
    if (performance.now() - committedAt < commitMs) continue;
    committedAt = performance.now();
    const positions = reader.assignment().flatMap((partition) => {
      const offset = reader.position(partition);
      return offset === null ? [] : [{ ...partition, offset }];
    });
    await reader.commit(positions).catch(() => undefined);
  }
}
