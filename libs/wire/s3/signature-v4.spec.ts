import { amzDate, authorizationV4, encodedKey, queryText, sha256, type SignableRequest } from './signature-v4.js';

const emptyHash = sha256('');

/** The examples that AWS publishes: of its test suite, of its General Reference, and of S3's API Reference. */
describe('a signature of version 4', () => {
  const general = {
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    sessionToken: null,
  };
  const ofS3 = {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    sessionToken: null,
  };
  const suiteHeaders = { Host: 'example.amazonaws.com', 'X-Amz-Date': '20150830T123600Z' };
  const signature = (text: string) => text.slice(text.indexOf('Signature=') + 'Signature='.length);

  it.each([
    ['get-vanilla', [], '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    [
      'get-vanilla-query-order-key-case',
      [
        ['Param2', 'value2'],
        ['Param1', 'value1'],
      ],
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
  ] as const)('is that of the suite’s %s', (_name, query, expected) => {
    const request = { method: 'GET', path: '/', query, headers: suiteHeaders, bodyHash: emptyHash };
    expect(authorizationV4(request, { region: 'us-east-1', service: 'service' }, general)).toBe(
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=${expected}`,
    );
  });

  it('is that of the General Reference’s list of users', () => {
    const request: SignableRequest = {
      method: 'GET',
      path: '/',
      query: [
        ['Version', '2010-05-08'],
        ['Action', 'ListUsers'],
      ],
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded;  charset=utf-8 ',
        Host: 'iam.amazonaws.com',
        'X-Amz-Date': '20150830T123600Z',
      },
      bodyHash: emptyHash,
    };
    expect(signature(authorizationV4(request, { region: 'us-east-1', service: 'iam' }, general))).toBe(
      '5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
    );
  });

  it.each([
    [
      'an object’s first bytes',
      { path: '/test.txt', query: [], more: { Range: 'bytes=0-9' } },
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    ],
    [
      'a bucket’s lifecycle',
      { path: '/', query: [['lifecycle', '']], more: {} },
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    ],
    [
      'a bucket’s list',
      {
        path: '/',
        query: [
          ['prefix', 'J'],
          ['max-keys', '2'],
        ],
        more: {},
      },
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    ],
  ] as const)('is that of S3’s example of %s', (_name, { path, query, more }, expected) => {
    const headers = {
      Host: 'examplebucket.s3.amazonaws.com',
      'x-amz-content-sha256': emptyHash,
      'x-amz-date': '20130524T000000Z',
      ...more,
    };
    const request = { method: 'GET', path, query, headers, bodyHash: emptyHash };
    expect(signature(authorizationV4(request, { region: 'us-east-1', service: 's3' }, ofS3))).toBe(expected);
  });

  it('is that of S3’s example of an object that is put, whose key is encoded', () => {
    const bodyHash = sha256('Welcome to Amazon S3.');
    const request = {
      method: 'PUT',
      path: `/${encodedKey('test$file.text')}`,
      query: [],
      headers: {
        Date: 'Fri, 24 May 2013 00:00:00 GMT',
        Host: 'examplebucket.s3.amazonaws.com',
        'x-amz-content-sha256': bodyHash,
        'x-amz-date': amzDate(Date.UTC(2013, 4, 24)),
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      },
      bodyHash,
    };
    expect(signature(authorizationV4(request, { region: 'us-east-1', service: 's3' }, ofS3))).toBe(
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    );
  });

  it('encodes all but unreserved characters, in keys not the slashes', () => {
    expect(encodedKey("a b/ü+*'()!~-_.%")).toBe('a%20b/%C3%BC%2B%2A%27%28%29%21~-_.%25');
    expect(queryText([['prefix', 'a/b c']])).toBe('prefix=a%2Fb%20c');
  });
});
