import { MillraceError, type ErrorKind } from '#std/errors';
import type { SinkType } from '#pipeline/sink';
import { fileSink } from './sinks/file/file-sink.js';
import { hbaseSinkType } from './sinks/hbase/sink-type.js';
import { hdfsSink } from './sinks/hdfs/hdfs-sink.js';
import { kafkaSinkType } from './sinks/kafka/sink-type.js';
import { postgresSinkType } from './sinks/postgres/sink-type.js';

/** Every kind of sink. A new one is its folder and a line here. */
export const sinkTypes: readonly SinkType[] = [postgresSinkType, hdfsSink, fileSink, hbaseSinkType, kafkaSinkType];

export const sinkRegistryErrors = {
  unknown: { code: 'connectors.sink.unknown', retriable: false, http: 400 },
} satisfies Record<string, ErrorKind>;

/**
 * The kind of sink behind a `connector.class`: its short name, or a Java class name that it stands in for, in full, without
 * the package, or without the ending `Connector`. Null where there is none.
 */
export function findSinkType(connectorClass: string): SinkType | null {
  const wanted = connectorClass.trim().toLowerCase();
  return sinkTypes.find((type) => namesOf(type).includes(wanted)) ?? null;
}

/** As `findSinkType`; throws with the list of what there is. */
export function requireSinkType(connectorClass: string): SinkType {
  const type = findSinkType(connectorClass);
  if (type !== null) return type;
  throw new MillraceError(
    sinkRegistryErrors.unknown,
    `Failed to find any class that implements Connector and which name matches ${connectorClass}, available connectors are: ` +
      sinkTypes.flatMap(({ name, classNames }) => [name, ...classNames]).join(', '),
  );
}

function namesOf(type: SinkType): string[] {
  const simple = type.classNames.flatMap((name) => {
    const last = name.slice(name.lastIndexOf('.') + 1);
    return [name, last, last.replace(/Connector$/, '')];
  });
  return [type.name, ...simple].map((name) => name.toLowerCase());
}
