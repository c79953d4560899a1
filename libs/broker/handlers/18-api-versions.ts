import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { encodeResponse } from '#wire/kafka/frame';
import { supportedFeatures } from '../features.js';
import { defineHandler } from '../handler.js';

/**
 * ApiVersions, versions 0 to 4. Lists exactly the handlers that are there, and from version 3 on the features. A version that is not
 * known is answered in the layout of version 0, by `unsupportedApiVersions`; the client asks again with one that it learns there.
 * Clients of version 3 cannot read a feature whose lowest level is 0, so they are told only that it is in force.
 */
export const apiVersions = defineHandler(apis.apiVersions, (context, version, request) => {
  const named = softwareName.test(request.clientSoftwareName) && softwareName.test(request.clientSoftwareVersion);
  if (version >= 3 && !named) return { errorCode: kafkaError.INVALID_REQUEST, apiKeys: [] };
  return {
    errorCode: kafkaError.NONE,
    apiKeys: context.broker.advertisedApis,
    supportedFeatures: supportedFeatures.filter(({ minVersion }) => version >= 4 || minVersion > 0),
    // They are the same for ever in one release.
    finalizedFeaturesEpoch: 0,
    finalizedFeatures: supportedFeatures
      .filter(({ finalized }) => finalized > 0)
      .map(({ name, finalized }) => ({ name, minVersionLevel: finalized, maxVersionLevel: finalized })),
  };
});

const softwareName = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

/** The answer to a version of ApiVersions that is not served: readable by every client, with the range that is. */
export function unsupportedApiVersions(correlationId: number): Buffer[] {
  const { key, advertisedMin, maxVersion } = apis.apiVersions;
  return encodeResponse(apis.apiVersions, 0, correlationId, {
    errorCode: kafkaError.UNSUPPORTED_VERSION,
    apiKeys: [{ apiKey: key, minVersion: advertisedMin, maxVersion }],
  });
}
