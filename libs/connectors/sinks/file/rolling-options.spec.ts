import { validateConnector } from '#pipeline/connector-validation';
import { hdfsSink } from '../hdfs/hdfs-sink.js';
import { fileSink } from './file-sink.js';

const hdfs = { 'hdfs.url': 'http://127.0.0.1:9870', 'hdfs.path': '/lake' };

describe('options of rolling files', () => {
  it.each([
    [fileSink, {}, 'file.path', 'says where files go'],
    [fileSink, { 'file.path': 'lake/x' }, 'file.path', 'not absolute'],
    [fileSink, { 'hdfs.path': 'lake/x' }, 'file.path', 'not absolute'],
    [fileSink, { 'file.path': '/x', 'file.roundUnit': 'hour', 'file.roundValue': '30' }, 'file.roundValue', 'hours'],
    [fileSink, { 'file.path': '/x', 'file.fileType': 'CompressedStream' }, 'file.fileType', 'needs a codeC'],
    [hdfsSink, { ...hdfs, 'hdfs.fileType': 'SequenceFile', format: 'json' }, 'format', 'takes no format'],
    [hdfsSink, { ...hdfs, 'hdfs.fileType': 'SequenceFile', 'hdfs.codeC': 'gzip' }, null, ''],
    [hdfsSink, { ...hdfs, format: 'avro', 'hdfs.codeC': 'gzip' }, 'hdfs.codeC', 'avro.codec'],
    [hdfsSink, { ...hdfs, 'partitioner.class': 'DailyPartitioner' }, 'partitioner.class', 'topics.dir'],
    [
      fileSink,
      { 'topics.dir': '/t', 'partitioner.class': 'FieldPartitioner' },
      'partition.field.name',
      'needs its fields',
    ],
    [fileSink, { 'topics.dir': '/t', 'partitioner.class': 'TimeBasedPartitioner' }, 'path.format', 'needs a format'],
    [fileSink, { 'file.path': '/x', 'path.format': 'qq' }, 'path.format', 'cannot be written'],
    [
      fileSink,
      { 'file.path': '/x', format: 'csv', 'avro.schema': '{"type":"record","name":"R","fields":[]}' },
      'format.schema',
      'for avro and parquet',
    ],
    [fileSink, { 'file.path': '/x', format: 'avro', 'avro.schema': '"string"' }, 'format.schema', 'record'],
    [
      fileSink,
      { 'file.path': '/x', format: 'parquet', 'format.output.fields': 'key,size' },
      'format.output.fields',
      'size is none of',
    ],
    [fileSink, { 'file.path': '/x', serializer: 'avro_event', format: 'json' }, 'serializer', 'Avro files'],
    [fileSink, { 'file.path': '${env:LAKE}/x' }, null, ''],
    [fileSink, { 'hdfs.path': '${env:LAKE}/x' }, null, ''],
    [hdfsSink, { 'hdfs.url': 'http://127.0.0.1:9870' }, null, ''],
    [hdfsSink, hdfs, null, ''],
  ])('that do not go together are found by validation: %#', (type, options, name, words) => {
    const infos = validateConnector(type, { name: 'x', 'connector.class': type.name, topics: 'a', ...options });
    const wrong = infos.configs.filter(({ value }) => value.errors.length > 0);
    expect(wrong.map(({ value }) => value.name)).toEqual(name === null ? [] : [name]);
    expect(wrong.flatMap(({ value }) => value.errors).join()).toContain(words);
  });
});
