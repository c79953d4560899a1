/** Nodes of the topic service, ours or a Kafka's, as REST Proxy's paths tell of them. */
import { useGet } from './queries.js';

interface KafkaList<T> {
  readonly data: readonly T[];
}

export interface TopicNode {
  readonly broker_id: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

export interface KafkaCluster {
  readonly cluster_id: string;
  readonly controller: { readonly related: string } | null;
}

export function useCluster(): KafkaCluster | undefined {
  return useGet<KafkaList<KafkaCluster>>('/v3/clusters').data?.data[0];
}

export function useNodes(): readonly TopicNode[] | undefined {
  const cluster = useCluster();
  return useGet<KafkaList<TopicNode>>(cluster === undefined ? null : `/v3/clusters/${cluster.cluster_id}/brokers`).data
    ?.data;
}

/** `host:port` for commands; a usual one until it is known. */
export function useBootstrap(): string {
  const node = useNodes()?.[0];
  return node === undefined ? '127.0.0.1:9092' : `${node.host}:${node.port}`;
}
