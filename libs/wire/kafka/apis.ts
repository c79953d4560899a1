/** Every Kafka API we declare, by name and by key. One line an API. */
import { produce } from './schemas/produce.js';
import { fetch } from './schemas/fetch.js';
import { listOffsets } from './schemas/list-offsets.js';
import { metadata } from './schemas/metadata.js';
import { offsetCommit } from './schemas/offset-commit.js';
import { offsetFetch } from './schemas/offset-fetch.js';
import { findCoordinator } from './schemas/find-coordinator.js';
import { joinGroup } from './schemas/join-group.js';
import { heartbeat } from './schemas/heartbeat.js';
import { leaveGroup } from './schemas/leave-group.js';
import { syncGroup } from './schemas/sync-group.js';
import { describeGroups } from './schemas/describe-groups.js';
import { listGroups } from './schemas/list-groups.js';
import { saslHandshake } from './schemas/sasl-handshake.js';
import { apiVersions } from './schemas/api-versions.js';
import { createTopics } from './schemas/create-topics.js';
import { deleteTopics } from './schemas/delete-topics.js';
import { deleteRecords } from './schemas/delete-records.js';
import { initProducerId } from './schemas/init-producer-id.js';
import { offsetForLeaderEpoch } from './schemas/offset-for-leader-epoch.js';
import { addPartitionsToTxn } from './schemas/add-partitions-to-txn.js';
import { addOffsetsToTxn } from './schemas/add-offsets-to-txn.js';
import { endTxn } from './schemas/end-txn.js';
import { writeTxnMarkers } from './schemas/write-txn-markers.js';
import { txnOffsetCommit } from './schemas/txn-offset-commit.js';
import { describeAcls } from './schemas/describe-acls.js';
import { createAcls } from './schemas/create-acls.js';
import { deleteAcls } from './schemas/delete-acls.js';
import { describeConfigs } from './schemas/describe-configs.js';
import { alterConfigs } from './schemas/alter-configs.js';
import { describeLogDirs } from './schemas/describe-log-dirs.js';
import { saslAuthenticate } from './schemas/sasl-authenticate.js';
import { createPartitions } from './schemas/create-partitions.js';
import { deleteGroups } from './schemas/delete-groups.js';
import { electLeaders } from './schemas/elect-leaders.js';
import { incrementalAlterConfigs } from './schemas/incremental-alter-configs.js';
import { listPartitionReassignments } from './schemas/list-partition-reassignments.js';
import { offsetDelete } from './schemas/offset-delete.js';
import { describeClientQuotas } from './schemas/describe-client-quotas.js';
import { alterClientQuotas } from './schemas/alter-client-quotas.js';
import { describeUserScramCredentials } from './schemas/describe-user-scram-credentials.js';
import { alterUserScramCredentials } from './schemas/alter-user-scram-credentials.js';
import { describeCluster } from './schemas/describe-cluster.js';
import { describeProducers } from './schemas/describe-producers.js';
import { describeTransactions } from './schemas/describe-transactions.js';
import { listTransactions } from './schemas/list-transactions.js';
import { consumerGroupHeartbeat } from './schemas/consumer-group-heartbeat.js';
import { consumerGroupDescribe } from './schemas/consumer-group-describe.js';
import { listConfigResources } from './schemas/list-config-resources.js';
import { describeTopicPartitions } from './schemas/describe-topic-partitions.js';
import type { Api } from './schema.js';

export const apis = {
  produce,
  fetch,
  listOffsets,
  metadata,
  offsetCommit,
  offsetFetch,
  findCoordinator,
  joinGroup,
  heartbeat,
  leaveGroup,
  syncGroup,
  describeGroups,
  listGroups,
  saslHandshake,
  apiVersions,
  createTopics,
  deleteTopics,
  deleteRecords,
  initProducerId,
  offsetForLeaderEpoch,
  addPartitionsToTxn,
  addOffsetsToTxn,
  endTxn,
  writeTxnMarkers,
  txnOffsetCommit,
  describeAcls,
  createAcls,
  deleteAcls,
  describeConfigs,
  alterConfigs,
  describeLogDirs,
  saslAuthenticate,
  createPartitions,
  deleteGroups,
  electLeaders,
  incrementalAlterConfigs,
  listPartitionReassignments,
  offsetDelete,
  describeClientQuotas,
  alterClientQuotas,
  describeUserScramCredentials,
  alterUserScramCredentials,
  describeCluster,
  describeProducers,
  describeTransactions,
  listTransactions,
  consumerGroupHeartbeat,
  consumerGroupDescribe,
  listConfigResources,
  describeTopicPartitions,
};

const byKey: ReadonlyMap<number, Api> = new Map(Object.values(apis).map((api) => [api.key, api]));

/** Null for an API we do not know. */
export function apiOfKey(key: number): Api | null {
  return byKey.get(key) ?? null;
}

export type { ProduceRequest, ProduceResponse } from './schemas/produce.js';
export type { FetchRequest, FetchResponse } from './schemas/fetch.js';
export type { ListOffsetsRequest, ListOffsetsResponse } from './schemas/list-offsets.js';
export type { MetadataRequest, MetadataResponse } from './schemas/metadata.js';
export type { OffsetCommitRequest, OffsetCommitResponse } from './schemas/offset-commit.js';
export type { OffsetFetchRequest, OffsetFetchResponse } from './schemas/offset-fetch.js';
export type { FindCoordinatorRequest, FindCoordinatorResponse } from './schemas/find-coordinator.js';
export type { JoinGroupRequest, JoinGroupResponse } from './schemas/join-group.js';
export type { HeartbeatRequest, HeartbeatResponse } from './schemas/heartbeat.js';
export type { LeaveGroupRequest, LeaveGroupResponse } from './schemas/leave-group.js';
export type { SyncGroupRequest, SyncGroupResponse } from './schemas/sync-group.js';
export type { DescribeGroupsRequest, DescribeGroupsResponse } from './schemas/describe-groups.js';
export type { ListGroupsRequest, ListGroupsResponse } from './schemas/list-groups.js';
export type { SaslHandshakeRequest, SaslHandshakeResponse } from './schemas/sasl-handshake.js';
export type { ApiVersionsRequest, ApiVersionsResponse } from './schemas/api-versions.js';
export type { CreateTopicsRequest, CreateTopicsResponse } from './schemas/create-topics.js';
export type { DeleteTopicsRequest, DeleteTopicsResponse } from './schemas/delete-topics.js';
export type { DeleteRecordsRequest, DeleteRecordsResponse } from './schemas/delete-records.js';
export type { InitProducerIdRequest, InitProducerIdResponse } from './schemas/init-producer-id.js';
export type { OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse } from './schemas/offset-for-leader-epoch.js';
export type { AddPartitionsToTxnRequest, AddPartitionsToTxnResponse } from './schemas/add-partitions-to-txn.js';
export type { AddOffsetsToTxnRequest, AddOffsetsToTxnResponse } from './schemas/add-offsets-to-txn.js';
export type { EndTxnRequest, EndTxnResponse } from './schemas/end-txn.js';
export type { WriteTxnMarkersRequest, WriteTxnMarkersResponse } from './schemas/write-txn-markers.js';
export type { TxnOffsetCommitRequest, TxnOffsetCommitResponse } from './schemas/txn-offset-commit.js';
export type { DescribeAclsRequest, DescribeAclsResponse } from './schemas/describe-acls.js';
export type { CreateAclsRequest, CreateAclsResponse } from './schemas/create-acls.js';
export type { DeleteAclsRequest, DeleteAclsResponse } from './schemas/delete-acls.js';
export type { DescribeConfigsRequest, DescribeConfigsResponse } from './schemas/describe-configs.js';
export type { AlterConfigsRequest, AlterConfigsResponse } from './schemas/alter-configs.js';
export type { DescribeLogDirsRequest, DescribeLogDirsResponse } from './schemas/describe-log-dirs.js';
export type { SaslAuthenticateRequest, SaslAuthenticateResponse } from './schemas/sasl-authenticate.js';
export type { CreatePartitionsRequest, CreatePartitionsResponse } from './schemas/create-partitions.js';
export type { DeleteGroupsRequest, DeleteGroupsResponse } from './schemas/delete-groups.js';
export type { ElectLeadersRequest, ElectLeadersResponse } from './schemas/elect-leaders.js';
export type {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from './schemas/incremental-alter-configs.js';
export type {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
} from './schemas/list-partition-reassignments.js';
export type { OffsetDeleteRequest, OffsetDeleteResponse } from './schemas/offset-delete.js';
export type { DescribeClientQuotasRequest, DescribeClientQuotasResponse } from './schemas/describe-client-quotas.js';
export type { AlterClientQuotasRequest, AlterClientQuotasResponse } from './schemas/alter-client-quotas.js';
export type {
  DescribeUserScramCredentialsRequest,
  DescribeUserScramCredentialsResponse,
} from './schemas/describe-user-scram-credentials.js';
export type {
  AlterUserScramCredentialsRequest,
  AlterUserScramCredentialsResponse,
} from './schemas/alter-user-scram-credentials.js';
export type { DescribeClusterRequest, DescribeClusterResponse } from './schemas/describe-cluster.js';
export type { DescribeProducersRequest, DescribeProducersResponse } from './schemas/describe-producers.js';
export type { DescribeTransactionsRequest, DescribeTransactionsResponse } from './schemas/describe-transactions.js';
export type { ListTransactionsRequest, ListTransactionsResponse } from './schemas/list-transactions.js';
export type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from './schemas/consumer-group-heartbeat.js';
export type { ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse } from './schemas/consumer-group-describe.js';
export type { ListConfigResourcesRequest, ListConfigResourcesResponse } from './schemas/list-config-resources.js';
export type {
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponse,
} from './schemas/describe-topic-partitions.js';
