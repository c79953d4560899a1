import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { decodeResponse } from '#wire/kafka/frame';
import { BrokerWorld } from '../broker.testkit.js';
import { unsupportedApiVersions } from './18-api-versions.js';
import { handlers } from './index.js';

describe('ApiVersions', () => {
  let world: BrokerWorld;
  beforeAll(async () => {
    world = await BrokerWorld.open();
  });
  afterAll(() => world.close());

  test.each([
    [0, '', '', kafkaError.NONE],
    [2, '', '', kafkaError.NONE],
    [3, 'apache-kafka-java', '4.3.1', kafkaError.NONE],
    [4, 'x', '1', kafkaError.NONE],
    [3, '', '1', kafkaError.INVALID_REQUEST],
    [3, 'name with space', '1', kafkaError.INVALID_REQUEST],
    [3, '-name', '1', kafkaError.INVALID_REQUEST],
    [3, 'name', '1.', kafkaError.INVALID_REQUEST],
  ])('v%d of "%s" "%s"', async (version, clientSoftwareName, clientSoftwareVersion, errorCode) => {
    const answer = await world.call(apis.apiVersions, version, { clientSoftwareName, clientSoftwareVersion });
    expect(answer.errorCode).toBe(errorCode);
    expect(answer.apiKeys).toHaveLength(errorCode === kafkaError.NONE ? handlers.length : 0);
    if (version < 3 || errorCode !== kafkaError.NONE) expect(answer.finalizedFeatures).toEqual([]);
  });

  test.each([3, 4])('v%d shows the features that are in force', async (version) => {
    const answer = await world.call(apis.apiVersions, version, { clientSoftwareName: 'x', clientSoftwareVersion: '1' });
    const name = 'transaction.version';
    const supported = { name, minVersion: 0, maxVersion: 2 };
    expect(answer.supportedFeatures.filter((feature) => feature.name === name)).toEqual(version < 4 ? [] : [supported]);
    expect(answer.finalizedFeatures).toContainEqual({ name, minVersionLevel: 2, maxVersionLevel: 2 });
    expect(answer.finalizedFeaturesEpoch).toBe(0);
  });

  test('lists every handler once, in the order of keys', () => {
    const keys = handlers.map((handler) => handler.api.key);
    expect(keys).toEqual([...new Set(keys)].sort((one, other) => one - other));
  });

  test('answers an unknown version in the oldest layout', () => {
    const frame = Buffer.concat(unsupportedApiVersions(9)).subarray(4);
    expect(decodeResponse(apis.apiVersions, 0, frame)).toMatchObject({
      correlationId: 9,
      body: { errorCode: kafkaError.UNSUPPORTED_VERSION, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] },
    });
  });
});
