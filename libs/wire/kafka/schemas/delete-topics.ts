import { api, array, int16, int32, list, string, uuid, type RequestOf, type ResponseOf } from '../schema.js';

export const deleteTopics = api({
  key: 20,
  name: 'DeleteTopics',
  minVersion: 1,
  maxVersion: 6,
  flexibleFrom: 4,
  request: {
    topics: array(
      {
        name: string({ nullable: '0+', default: null }),
        topicId: uuid(),
      },
      { versions: '6+' },
    ),
    topicNames: list(string(), { versions: '1-5' }),
    timeoutMs: int32(),
  },
  response: {
    throttleTimeMs: int32(),
    responses: array({
      name: string({ nullable: '6+' }),
      topicId: uuid({ versions: '6+' }),
      errorCode: int16(),
      errorMessage: string({ versions: '5+', nullable: '5+', default: null }),
    }),
  },
});

export type DeleteTopicsRequest = RequestOf<typeof deleteTopics>;
export type DeleteTopicsResponse = ResponseOf<typeof deleteTopics>;
