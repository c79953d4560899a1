import { benchAdmin } from './admin.js';
import { benchConnections } from './connections.js';
import { benchConsole } from './console.js';
import { benchConsume } from './consume.js';
import { benchFanOut } from './fan-out.js';
import { benchIngest } from './ingest.js';
import { benchHBaseSink } from './hbase-sink.js';
import { benchHdfsSink } from './hdfs-sink.js';
import { benchInterceptors } from './interceptors.js';
import { benchJdbcChannel } from './jdbc-channel.js';
import { benchJdbcSink } from './jdbc-sink.js';
import { benchLatency } from './latency.js';
import { benchMemory } from './memory.js';
import { benchProduce } from './produce.js';
import { benchScale } from './scale.js';
import { benchStart } from './start.js';
import { benchTail } from './tail.js';

/** Each runs ours and the peer in turn, prints ratios and keeps the result in bench/results/. */
const benches: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  produce: benchProduce('produce'),
  'produce-large-batches': benchProduce('produce-large-batches'),
  'produce-small': benchProduce('produce-small'),
  'produce-synced': benchProduce('produce-synced'),
  admin: benchAdmin,
  connections: benchConnections,
  console: benchConsole,
  consume: benchConsume,
  'hbase-sink': benchHBaseSink,
  'hdfs-sink': benchHdfsSink,
  'ingest-http': benchIngest('http'),
  'ingest-syslog': benchIngest('syslog'),
  interceptors: benchInterceptors,
  'jdbc-channel': benchJdbcChannel,
  'jdbc-sink-insert': benchJdbcSink('insert'),
  'jdbc-sink-upsert': benchJdbcSink('upsert'),
  latency: benchLatency,
  memory: benchMemory,
  start: benchStart,
  'fan-out': benchFanOut,
  scale: benchScale,
  tail: benchTail('tail'),
  'tail-exactly-once': benchTail('tail-exactly-once'),
  'tail-rsyslog': benchTail('tail-rsyslog'),
};

const [name = '', ...args] = process.argv.slice(2);
const bench = benches[name];
if (bench === undefined) {
  process.stderr.write(`npm run bench -- <${Object.keys(benches).join('|')}> [--records N] [--rounds N]\n`);
  process.exitCode = 2;
} else {
  await bench(args);
}
