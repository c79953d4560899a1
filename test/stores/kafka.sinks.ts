import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Ledger } from '../flows/line-writer.js';
import { kafkaTool, startKafka } from '../peers/kafka.js';
import { trial } from './trial.js';

const records = 200_000;
const target = 'copy.records';

trial({
  name: 'Kafka',
  port: 25_700,
  guarantee: 'exactly-once',
  records,
  async open(folder, port) {
    mkdirSync(folder, { recursive: true });
    const options = { directory: join(folder, 'kafka'), port };
    let { child, bootstrap } = await startKafka(options);
    return {
      config: {
        'connector.class': 'kafka',
        'bootstrap.servers': bootstrap,
        topic: 'copy.${topic}',
        partitions: 'same',
        'compression.type': 'lz4',
      },
      pause: () => child.kill(),
      async resume() {
        ({ child, bootstrap } = await startKafka(options));
      },
      stop: () => child.kill(),
      async read() {
        const seen = new Ledger(records);
        for (const line of (await committed(bootstrap, target)).split('\n')) {
          if (line.startsWith('{"id":')) seen.add((JSON.parse(line) as { id: number }).id);
        }
        return { kind: 'each', seen };
      },
    };
  },
});

/** What Kafka's own console consumer sees of committed records. */
function committed(bootstrap: string, topic: string): Promise<string> {
  return kafkaTool('org.apache.kafka.tools.consumer.ConsoleConsumer', [
    ...['--bootstrap-server', bootstrap, '--topic', topic, '--from-beginning'],
    ...['--isolation-level', 'read_committed', '--timeout-ms', '20000'],
  ]);
}
