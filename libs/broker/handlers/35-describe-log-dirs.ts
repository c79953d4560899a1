import type { DirectoryDescription, PartitionDescription } from '#log/engine';
import { clusterName } from '#security/acl';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { ResponseInput } from '#wire/kafka/schema';
import type { DescribeLogDirsRequest } from '#wire/kafka/schemas/describe-log-dirs';
import type { Broker } from '../broker.js';
import { defineHandler } from '../handler.js';

/**
 * DescribeLogDirs, versions 1 to 5: each data directory with the partitions in it and their bytes; from version 4 on the room of its
 * file system. Null topics mean all; partitions that are not there are left out. A directory that takes no write has an error.
 */
export const describeLogDirs = defineHandler(apis.describeLogDirs, (context, _version, request) => {
  if (!context.may('describe', 'cluster', clusterName)) {
    return { errorCode: kafkaError.CLUSTER_AUTHORIZATION_FAILED, results: [] };
  }
  const { broker } = context;
  const byDirectory = new Map<string, PartitionDescription[]>();
  for (const partition of wantedPartitions(broker, request.topics)) {
    const there = byDirectory.get(partition.directory);
    if (there === undefined) byDirectory.set(partition.directory, [partition]);
    else there.push(partition);
  }
  const directories = broker.engine.describeDirectories();
  return {
    errorCode: kafkaError.NONE,
    results: directories.map((directory) => describe(broker, directory, byDirectory.get(directory.path) ?? [])),
  };
});

type LogDir = NonNullable<ResponseInput<typeof apis.describeLogDirs>['results']>[number];

function describe(
  broker: Broker,
  { path, error, totalBytes, usableBytes }: DirectoryDescription,
  partitions: readonly PartitionDescription[],
): LogDir {
  if (error !== 'none') return { errorCode: kafkaError.KAFKA_STORAGE_ERROR, logDir: path, topics: [] };
  const topics = new Map<string, NonNullable<NonNullable<LogDir['topics']>[number]['partitions']>[number][]>();
  for (const { topicId, partition, sizeBytes } of partitions) {
    const shown = { partitionIndex: partition, partitionSize: sizeBytes, offsetLag: 0, isFutureKey: false };
    const others = topics.get(topicId);
    if (others === undefined) topics.set(topicId, [shown]);
    else others.push(shown);
  }
  return {
    errorCode: kafkaError.NONE,
    logDir: path,
    totalBytes: Math.min(totalBytes, Number.MAX_SAFE_INTEGER),
    usableBytes: Math.min(usableBytes, Number.MAX_SAFE_INTEGER),
    topics: [...topics].map(([topicId, shown]) => ({
      name: broker.engine.topics.byId(topicId)?.name ?? '',
      partitions: shown,
    })),
  };
}

function wantedPartitions(broker: Broker, topics: DescribeLogDirsRequest['topics']): PartitionDescription[] {
  if (topics === null) return broker.engine.describePartitions();
  return topics.flatMap(({ topic: name, partitions }) => {
    const topic = broker.engine.topics.byName(name);
    if (topic === null) return [];
    const wanted = new Set(partitions);
    return broker.engine.describePartitions(topic.id).filter(({ partition }) => wanted.has(partition));
  });
}
