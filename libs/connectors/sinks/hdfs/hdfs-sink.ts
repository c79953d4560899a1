import { defineOptions, requireOptions } from '#config/options';
import type { SinkType } from '#pipeline/sink';
import { FilesReading } from '../file/read-back.js';
import { rollingGuarantee, rollingProblems, rollingSetup } from '../file/rolling-options.js';
import { rollingSpecs, rollingValues } from '../file/rolling-specs.js';
import { RollingSink } from '../file/rolling-sink.js';
import { hdfsConnectionOptions, hdfsConnectionProblems, verifyHdfs, webHdfsClient } from './hdfs-connection.js';
import { HdfsFiles } from './hdfs-files.js';
import { HdfsStore } from './hdfs-store.js';

const prefix = 'hdfs.';

const options = defineOptions({
  ...hdfsConnectionOptions,
  ...rollingSpecs(prefix),
});

const defaults = { topicsDirectory: '/topics', fileType: 'SequenceFile' } as const;
const connectClasses = ['io.confluent.connect.hdfs.HdfsSinkConnector', 'io.confluent.connect.hdfs3.Hdfs3SinkConnector'];

/** Rolling files in HDFS over WebHDFS: no Hadoop libraries here, and no daemon beside the NameNode's own there. */
export const hdfsSink: SinkType = {
  name: 'hdfs',
  classNames: [...connectClasses, 'org.apache.flume.sink.hdfs.HDFSEventSink'],
  version: '0.1.0',
  doc:
    "Writes rolling files to HDFS over WebHDFS, with Flume's paths and Kafka Connect's file names. Files appear under their final name " +
    'complete, and each record is in exactly one, whatever crashes.',
  options,
  check: (given) => [
    ...rollingProblems(options, prefix, given, defaults),
    ...hdfsConnectionProblems(requireOptions('sink hdfs', options, given), given),
  ],
  verify: (given) => verifyHdfs(requireOptions('sink hdfs', options, given), given),
  guarantee: (values) => rollingGuarantee(options, prefix, values),
  readBack(input, scope) {
    const values = requireOptions('sink hdfs', options, input);
    const { layout } = rollingSetup(rollingValues(prefix, values), defaults);
    return new FilesReading(new HdfsStore(webHdfsClient(values, input)), layout, scope);
  },
  files(input) {
    const values = requireOptions('sink hdfs', options, input);
    const { template } = rollingSetup(rollingValues(prefix, values), defaults, false).layout;
    return new HdfsFiles(webHdfsClient(values, input), template.base);
  },
  create(input) {
    const values = requireOptions('sink hdfs', options, input);
    const setup = rollingSetup(rollingValues(prefix, values), defaults);
    return new RollingSink({ connect: () => new HdfsStore(webHdfsClient(values, input)), ...setup });
  },
};
