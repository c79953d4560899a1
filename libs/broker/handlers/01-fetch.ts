import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { ResponseInput } from '#wire/kafka/schema';
import type { FetchRequest } from '#wire/kafka/schemas/fetch';
import { byteCount, FetchReader, type AskedPartition } from '../fetch-reader.js';
import type { ForgottenPartition, SessionAnswer } from '../fetch-session.js';
import { defineHandler, type HandlerContext } from '../handler.js';
import { quotaClientOf } from '../quotas/throttle.js';

/**
 * Fetch, versions 4 to 17 (13 and later name topics by id). The long poll is the log's, or in a fetch session the session's;
 * the connection's signal ends it.
 *
 * Sessions (version 7, KIP-227): epoch 0 opens one with a whole list, later requests name what changed and are answered with what
 * changed; epoch -1 wants none. Both end the session that they name. A session that lost all its partitions is over.
 */
export const fetch = defineHandler(apis.fetch, async (context, version, request) => {
  const { broker } = context;
  const inWindow = broker.quotas.bytesInWindow(quotaClientOf(context));
  const maxBytes = Math.max(1, Math.min(request.maxBytes, broker.config['fetch.max.bytes'], inWindow));
  const isolation = request.isolationLevel === 1 ? 'read_committed' : 'read_uncommitted';
  const reader = new FetchReader(context, version, { maxBytes, isolation });
  const isIncremental = request.sessionEpoch > 0;
  return isIncremental ? goOn(context, reader, request) : readAll(context, reader, request);
});

type FetchAnswer = ResponseInput<typeof apis.fetch>;

const openEpoch = 0;

async function readAll(context: HandlerContext, reader: FetchReader, request: FetchRequest): Promise<FetchAnswer> {
  const { fetchSessions } = context.broker;
  if (request.sessionId !== 0) fetchSessions.close(request.sessionId);
  const asked = partitionsOf(request);
  const fetched = await reader.read(asked, patienceOf(request, reader));
  const quota = new FetchQuota(context);
  if (!quota.mayTell(fetched.reduce((sum, { records }) => sum + byteCount(records), 0))) {
    return { throttleTimeMs: quota.waitMs, sessionId: 0, responses: [] };
  }
  const answers: SessionAnswer[] = [];
  for (const [index, partition] of asked.entries()) {
    const found = fetched[index];
    if (found !== undefined) answers.push({ asked: partition, fetched: found });
  }
  const wantsSession = request.sessionEpoch === openEpoch && !context.signal.aborted;
  const replicaId = Math.max(request.replicaId, request.replicaState.replicaId);
  const kind = { namesIds: reader.namesIds, isPrivileged: replicaId >= 0 };
  return { sessionId: wantsSession ? fetchSessions.create(answers, kind) : 0, responses: byTopic(answers) };
}

async function goOn(context: HandlerContext, reader: FetchReader, request: FetchRequest): Promise<FetchAnswer> {
  const { fetchSessions } = context.broker;
  const found = fetchSessions.find(request.sessionId, request.sessionEpoch, reader.namesIds);
  if ('code' in found) return { errorCode: found.code, sessionId: 0, responses: [] };
  const { session } = found;
  session.update(partitionsOf(request), forgottenOf(request));
  if (session.size === 0) {
    fetchSessions.close(session.id);
    return { errorCode: kafkaError.NONE, sessionId: 0, responses: [] };
  }
  fetchSessions.use(session);
  const quota = new FetchQuota(context);
  const patience = { ...patienceOf(request, reader), mayTell: (bytes: number) => quota.mayTell(bytes) };
  const answers = await session.fetch(reader, patience, context.signal);
  return { throttleTimeMs: quota.waitMs, sessionId: session.id, responses: byTopic(answers) };
}

/** Counts the bytes of an answer. One that is over the quota is not sent: the client is told to wait and asks again. */
class FetchQuota {
  waitMs = 0;

  constructor(private readonly context: HandlerContext) {}

  mayTell(bytes: number): boolean {
    const { quotas } = this.context.broker;
    if (!quotas.limits('consumer_byte_rate')) return true;
    const client = quotaClientOf(this.context);
    this.waitMs = quotas.bytes('consumer_byte_rate', client, bytes);
    if (this.waitMs > 0) quotas.takeBack('consumer_byte_rate', client, bytes);
    return this.waitMs === 0;
  }
}

function patienceOf(request: FetchRequest, reader: FetchReader): { minBytes: number; maxWaitMs: number } {
  return { minBytes: Math.min(request.minBytes, reader.limits.maxBytes), maxWaitMs: request.maxWaitMs };
}

function partitionsOf(request: FetchRequest): AskedPartition[] {
  const asked: AskedPartition[] = [];
  for (const { topic, topicId, partitions } of request.topics) {
    for (const { partition, fetchOffset, partitionMaxBytes, currentLeaderEpoch, lastFetchedEpoch } of partitions) {
      asked.push({ topic, topicId, partition, fetchOffset, partitionMaxBytes, currentLeaderEpoch, lastFetchedEpoch });
    }
  }
  return asked;
}

function forgottenOf(request: FetchRequest): ForgottenPartition[] {
  return request.forgottenTopicsData.flatMap(({ topic, topicId, partitions }) =>
    partitions.map((partition) => ({ topic, topicId, partition })),
  );
}

type TopicAnswer = NonNullable<FetchAnswer['responses']>[number];

/** Neighbours of one topic in one entry, in the order given. */
function byTopic(answers: readonly SessionAnswer[]): TopicAnswer[] {
  const topics: { topic: string; topicId: string; partitions: SessionAnswer['fetched'][] }[] = [];
  for (const { asked, fetched } of answers) {
    const last = topics.at(-1);
    if (last?.topic === asked.topic && last.topicId === asked.topicId) last.partitions.push(fetched);
    else topics.push({ topic: asked.topic, topicId: asked.topicId, partitions: [fetched] });
  }
  return topics;
}
