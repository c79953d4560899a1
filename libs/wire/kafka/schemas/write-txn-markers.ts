import {
  api,
  array,
  bool,
  int16,
  int32,
  int64,
  int8,
  list,
  string,
  type RequestOf,
  type ResponseOf,
} from '../schema.js';

export const writeTxnMarkers = api({
  key: 27,
  name: 'WriteTxnMarkers',
  minVersion: 1,
  maxVersion: 2,
  flexibleFrom: 1,
  request: {
    markers: array({
      producerId: int64(),
      producerEpoch: int16(),
      transactionResult: bool(),
      topics: array({
        name: string(),
        partitionIndexes: list(int32()),
      }),
      coordinatorEpoch: int32(),
      transactionVersion: int8({ versions: '2+' }),
    }),
  },
  response: {
    markers: array({
      producerId: int64(),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
        }),
      }),
    }),
  },
});

export type WriteTxnMarkersRequest = RequestOf<typeof writeTxnMarkers>;
export type WriteTxnMarkersResponse = ResponseOf<typeof writeTxnMarkers>;
