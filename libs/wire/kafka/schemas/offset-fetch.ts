import {
  api,
  array,
  bool,
  int16,
  int32,
  int64,
  list,
  string,
  uuid,
  type RequestOf,
  type ResponseOf,
} from '../schema.js';

export const offsetFetch = api({
  key: 9,
  name: 'OffsetFetch',
  minVersion: 1,
  maxVersion: 10,
  flexibleFrom: 6,
  request: {
    groupId: string({ versions: '1-7' }),
    topics: array(
      {
        name: string(),
        partitionIndexes: list(int32()),
      },
      { versions: '1-7', nullable: '2-7' },
    ),
    groups: array(
      {
        groupId: string(),
        memberId: string({ versions: '9+', nullable: '9+', default: null }),
        memberEpoch: int32({ versions: '9+', default: -1 }),
        topics: array(
          {
            name: string({ versions: '8-9' }),
            topicId: uuid({ versions: '10+' }),
            partitionIndexes: list(int32()),
          },
          { nullable: '0+' },
        ),
      },
      { versions: '8+' },
    ),
    requireStable: bool({ versions: '7+' }),
  },
  response: {
    throttleTimeMs: int32({ versions: '3+' }),
    topics: array(
      {
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          committedOffset: int64(),
          committedLeaderEpoch: int32({ versions: '5+', default: -1 }),
          metadata: string({ nullable: '0+' }),
          errorCode: int16(),
        }),
      },
      { versions: '1-7' },
    ),
    errorCode: int16({ versions: '2-7' }),
    groups: array(
      {
        groupId: string(),
        topics: array({
          name: string({ versions: '8-9' }),
          topicId: uuid({ versions: '10+' }),
          partitions: array({
            partitionIndex: int32(),
            committedOffset: int64(),
            committedLeaderEpoch: int32({ default: -1 }),
            metadata: string({ nullable: '0+' }),
            errorCode: int16(),
          }),
        }),
        errorCode: int16(),
      },
      { versions: '8+' },
    ),
  },
});

export type OffsetFetchRequest = RequestOf<typeof offsetFetch>;
export type OffsetFetchResponse = ResponseOf<typeof offsetFetch>;
