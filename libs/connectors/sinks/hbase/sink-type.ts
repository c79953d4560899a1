import type { OptionProblem } from '#config/options';
import { FatalSinkError } from '#pipeline/errors';
import type { SinkType } from '#pipeline/sink';
import { systemClock } from '#std/clock';
import { messageOf } from '#std/errors';
import { connect, HBaseSink, requireTable, topicTable } from './hbase-sink.js';
import { hbaseGuarantee, hbaseProblems, hbaseSettings, hbaseSinkOptions } from './options.js';
import { translateHBase } from './well-known-classes.js';

/** Of each call while options are looked at, ms. */
const verifyMs = 4000;

export const hbaseSinkType: SinkType = {
  name: 'hbase',
  classNames: [
    'org.apache.flume.sink.hbase2.HBase2Sink',
    'org.apache.flume.sink.hbase.HBaseSink',
    'io.confluent.connect.hbase.HBaseSinkConnector',
    'io.svectors.hbase.sink.HBaseSinkConnector',
  ],
  version: '0.1.0',
  doc:
    "Rows in HBase tables, over HBase's own protocol (2.x): neither Hadoop libraries nor a gateway are needed. Columns from JSON, or by Flume's " +
    'Simple and Regex serializers; a record that is written again changes nothing.',
  options: hbaseSinkOptions,
  check: hbaseProblems,
  async verify(options) {
    const settings = hbaseSettings(options);
    const topics = (options['topics'] ?? '').split(',').map((topic) => topic.trim());
    const client = connect(settings, verifyMs);
    try {
      for (const topic of settings.tableFormat.includes('${topic}') ? topics.filter(Boolean) : topics.slice(0, 1)) {
        await requireTable(topicTable(settings, topic, client, { clock: systemClock }), settings);
      }
      return [];
    } catch (error) {
      return [problemOf(error, options)];
    } finally {
      client.close();
    }
  },
  translate: translateHBase,
  guarantee: hbaseGuarantee,
  create: (options) => new HBaseSink(hbaseSettings(options)),
};

function problemOf(error: unknown, options: Readonly<Record<string, string>>): OptionProblem {
  const message = messageOf(error);
  const isOfTable = error instanceof FatalSinkError;
  const familyProblem = /column family/.test(message);
  const name = !isOfTable ? 'zookeeper.quorum' : familyProblem ? 'column.family' : 'table.name.format';
  return { name, value: options[name] ?? null, message };
}
