import { api, array, int16, int32, int64, string, uuid, type RequestOf, type ResponseOf } from '../schema.js';

export const offsetCommit = api({
  key: 8,
  name: 'OffsetCommit',
  minVersion: 2,
  maxVersion: 10,
  flexibleFrom: 8,
  request: {
    groupId: string(),
    generationIdOrMemberEpoch: int32({ default: -1 }),
    memberId: string(),
    groupInstanceId: string({ versions: '7+', nullable: '7+', default: null }),
    retentionTimeMs: int64({ versions: '2-4', default: -1 }),
    topics: array({
      name: string({ versions: '2-9' }),
      topicId: uuid({ versions: '10+' }),
      partitions: array({
        partitionIndex: int32(),
        committedOffset: int64(),
        committedLeaderEpoch: int32({ versions: '6+', default: -1 }),
        committedMetadata: string({ nullable: '0+' }),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32({ versions: '3+' }),
    topics: array({
      name: string({ versions: '2-9' }),
      topicId: uuid({ versions: '10+' }),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
});

export type OffsetCommitRequest = RequestOf<typeof offsetCommit>;
export type OffsetCommitResponse = ResponseOf<typeof offsetCommit>;
