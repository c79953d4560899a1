import { api, array, int16, int32, int8, string, type RequestOf, type ResponseOf } from '../schema.js';

export const createAcls = api({
  key: 30,
  name: 'CreateAcls',
  minVersion: 1,
  maxVersion: 3,
  flexibleFrom: 2,
  request: {
    creations: array({
      resourceType: int8(),
      resourceName: string(),
      resourcePatternType: int8({ default: 3 }),
      principal: string(),
      host: string(),
      operation: int8(),
      permissionType: int8(),
    }),
  },
  response: {
    throttleTimeMs: int32(),
    results: array({
      errorCode: int16(),
      errorMessage: string({ nullable: '0+' }),
    }),
  },
});

export type CreateAclsRequest = RequestOf<typeof createAcls>;
export type CreateAclsResponse = ResponseOf<typeof createAcls>;
