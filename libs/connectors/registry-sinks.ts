import { MillraceError, type ErrorKind } from '#std/errors';
import type { SinkType } from '#pipeline/sink';
import { cassandraSinkType } from './sinks/cassandra/sink-type.js';
import { clickhouseSinkType } from './sinks/clickhouse/sink-type.js';
import { fileSink } from './sinks/file/file-sink.js';
import { hbaseSinkType } from './sinks/hbase/sink-type.js';
import { flumeAvroSink, flumeThriftSink } from './sinks/flume/sink-types.js';
import { hdfsSink } from './sinks/hdfs/hdfs-sink.js';
import { kafkaSinkType } from './sinks/kafka/sink-type.js';
import { mongodbSinkType } from './sinks/mongodb/sink-type.js';
import { mysqlSinkType } from './sinks/mysql/sink-type.js';
import { httpSinkType } from './sinks/http/sink-type.js';
import { s3Sink } from './sinks/s3/s3-sink.js';
import { elasticsearchSinkType, openSearchSinkType } from './sinks/opensearch/sink-type.js';
import { postgresSinkType } from './sinks/postgres/sink-type.js';
import { redisSinkType } from './sinks/redis/sink-type.js';
import { amqpSinkType } from './sinks/amqp/sink-type.js';
import { stompSinkType } from './sinks/stomp/sink-type.js';
import { mqttSinkType } from './sinks/mqtt/sink-type.js';

/** Every kind of sink. A new one is its folder and a line here. */
export const sinkTypes: readonly SinkType[] = [
  postgresSinkType,
  mysqlSinkType,
  clickhouseSinkType,
  cassandraSinkType,
  redisSinkType,
  mongodbSinkType,
  hdfsSink,
  fileSink,
  s3Sink,
  hbaseSinkType,
  kafkaSinkType,
  flumeAvroSink,
  flumeThriftSink,
  httpSinkType,
  openSearchSinkType,
  elasticsearchSinkType,
  amqpSinkType,
  stompSinkType,
  mqttSinkType,
];

export const sinkRegistryErrors = {
  unknown: { code: 'connectors.sink.unknown', retriable: false, http: 400 },
} satisfies Record<string, ErrorKind>;

/**
 * The kind of sink behind a `connector.class`: its short name, or a Java class name that it stands in for, in full, without
 * the package, or without the ending `Connector`. Of kinds that share a class the first one that claims `options`, or the first at all.
 * Null where there is none.
 */
export function findSinkType(connectorClass: string, options: Readonly<Record<string, string>> = {}): SinkType | null {
  const wanted = connectorClass.trim().toLowerCase();
  const named = sinkTypes.filter((type) => namesOf(type).includes(wanted));
  return named.find((type) => type.claims?.(options) ?? true) ?? named[0] ?? null;
}

/** As `findSinkType`; throws with the list of what there is. */
export function requireSinkType(connectorClass: string, options: Readonly<Record<string, string>> = {}): SinkType {
  const type = findSinkType(connectorClass, options);
  if (type !== null) return type;
  const known = new Set(sinkTypes.flatMap(({ name, classNames }) => [name, ...classNames]));
  throw new MillraceError(
    sinkRegistryErrors.unknown,
    `Failed to find any class that implements Connector and which name matches ${connectorClass}, available connectors are: ` +
      [...known].join(', '),
  );
}

function namesOf(type: SinkType): string[] {
  const simple = type.classNames.flatMap((name) => {
    const last = name.slice(name.lastIndexOf('.') + 1);
    return [name, last, last.replace(/Connector$/, '')];
  });
  return [type.name, ...simple].map((name) => name.toLowerCase());
}
