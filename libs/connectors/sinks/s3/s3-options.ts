import { defineOptions, type OptionProblem, type OptionValues } from '#config/options';
import type { S3Options } from '#wire/s3/s3-exchange';
import type { AwsCredentials } from '#wire/s3/signature-v4';

/** Where the bucket is, and what objects in it are. Names are Confluent's and Aiven's. */
export const s3PlaceSpecs = defineOptions({
  's3.bucket.name': {
    type: 'string',
    required: true,
    group: 'S3',
    importance: 'high',
    aliases: ['aws.s3.bucket.name', 'aws_s3_bucket'],
    doc: 'The bucket. It has to be there.',
    check: (value: string) => (/^[A-Za-z0-9][\w.-]{1,253}$/.test(value) ? null : 'is no name of a bucket'),
  },
  's3.region': {
    type: 'string',
    group: 'S3',
    importance: 'high',
    aliases: ['aws.s3.region', 'aws_s3_region'],
    doc: 'Region of the bucket. Default: `AWS_REGION` or `AWS_DEFAULT_REGION` of the environment, else us-east-1.',
  },
  'store.url': {
    type: 'string',
    group: 'S3',
    aliases: ['aws.s3.endpoint', 'aws_s3_endpoint'],
    doc: "Address of another server of S3's API: `http://minio:9000`. Default: that of the region at AWS.",
    check: (value: string) =>
      /^https?:\/\//i.test(value) && URL.canParse(value) ? null : 'must be a web address such as https://minio:9000',
  },
  's3.path.style.access.enabled': {
    type: 'boolean',
    group: 'S3',
    importance: 'low',
    doc: 'The bucket is in the path of addresses, not in the name of the host. Default: true with `store.url` or a dot in its name.',
  },
  'aws.access.key.id': {
    type: 'string',
    group: 'S3',
    aliases: ['aws_access_key_id'],
    doc: 'Access key. Default: `AWS_ACCESS_KEY_ID`, with `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, of the environment.',
  },
  'aws.secret.access.key': { type: 'password', group: 'S3', aliases: ['aws_secret_access_key'], doc: 'Its secret.' },
  'aws.session.token': {
    type: 'password',
    group: 'S3',
    doc: 'Session token of temporary keys, as AWS STS gives them.',
  },
  's3.part.size': {
    type: 'long',
    unit: 'bytes',
    group: 'S3',
    default: 8 * 1024 * 1024,
    min: 5 * 1024 * 1024,
    max: 1024 * 1024 * 1024,
    aliases: ['aws.s3.part.size.bytes'],
    doc: 'Size of the parts of an upload. A task holds `s3.uploads` of them in memory. Confluent has 26214400.',
  },
  's3.uploads': {
    type: 'int',
    group: 'S3',
    default: 4,
    min: 1,
    max: 64,
    importance: 'low',
    doc: 'Files that a task uploads at once.',
  },
  's3.conditional.writes': {
    type: 'boolean',
    group: 'S3',
    default: true,
    importance: 'low',
    doc:
      'The server keeps `If-None-Match` (S3 itself since 2024, MinIO, Ceph, versitygw). With false workers are not kept apart when two run ' +
      'the same task for a moment, and the guarantee is at-least-once.',
  },
  's3.ssea.name': {
    type: 'string',
    group: 'S3',
    values: ['AES256', 'aws:kms'],
    aliases: ['aws.s3.sse.algorithm'],
    doc: 'Encryption of objects at rest by S3.',
  },
  's3.sse.kms.key.id': { type: 'string', group: 'S3', importance: 'low', doc: 'Key of `aws:kms`.' },
  's3.acl.canned': {
    type: 'string',
    group: 'S3',
    importance: 'low',
    doc: 'Access of objects: `private`, `bucket-owner-full-control`, …',
  },
  's3.storage.class': {
    type: 'string',
    group: 'S3',
    importance: 'low',
    doc: 'Storage class of objects: `STANDARD_IA`, `INTELLIGENT_TIERING`, …',
  },
  's3.http.timeout.ms': {
    type: 'int',
    unit: 'ms',
    group: 'S3',
    default: 60_000,
    min: 100,
    importance: 'low',
    doc: 'A call in which no byte moves for so long has failed.',
  },
  'store.kafka.keys': {
    type: 'boolean',
    group: 'S3',
    default: false,
    importance: 'low',
    doc: "Confluent's second file with the keys, which this sink does not write: see `format.output.fields`.",
    check: refuseSecondFile,
  },
  'store.kafka.headers': {
    type: 'boolean',
    group: 'S3',
    default: false,
    importance: 'low',
    doc: "Confluent's second file with the headers, which this sink does not write: see `format.output.fields`.",
    check: refuseSecondFile,
  },
});

export type S3PlaceValues = OptionValues<typeof s3PlaceSpecs>;
type Environment = Readonly<Record<string, string | undefined>>;

function refuseSecondFile(value: boolean): string | null {
  return value ? 'cannot be true: name what is wanted in format.output.fields, such as key,headers,value' : null;
}

/** Problems between these options. Whether the environment has keys is known only where the sink runs. */
export function s3Problems(values: S3PlaceValues): OptionProblem[] {
  const pair = ['aws.access.key.id', 'aws.secret.access.key'] as const;
  const [id, secret] = pair.map((name) => values[name]);
  if ((id === null) === (secret === null)) return [];
  const [missing, given] = id === null ? pair : pair.toReversed();
  return [{ name: missing ?? '', value: null, message: `${missing} is missing: ${given} is of no use without it.` }];
}

/** Throws an Error with a sentence where there are no keys. */
export function s3Place(values: S3PlaceValues, environment: Environment): Omit<S3Options, 'now'> {
  const bucket = values['s3.bucket.name'];
  const region = values['s3.region'] ?? (environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'] || 'us-east-1');
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const url = values['store.url'];
  return {
    bucket,
    region,
    endpoint: new URL(url ?? `https://s3.${region}.${domain}`),
    // The certificate of a domain covers no names with more dots.
    isPathStyle: values['s3.path.style.access.enabled'] ?? (url !== null || bucket.includes('.')),
    credentials: credentialsOf(values, environment),
    idleTimeoutMs: values['s3.http.timeout.ms'],
  };
}

/** What objects will be. */
export function objectHeaders(values: S3PlaceValues): Readonly<Record<string, string>> {
  const headers = {
    'x-amz-server-side-encryption': values['s3.ssea.name'],
    'x-amz-server-side-encryption-aws-kms-key-id': values['s3.sse.kms.key.id'],
    'x-amz-acl': values['s3.acl.canned'],
    'x-amz-storage-class': values['s3.storage.class'],
  };
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
  );
}

function credentialsOf(values: S3PlaceValues, environment: Environment): AwsCredentials {
  const accessKeyId = values['aws.access.key.id'];
  const secretAccessKey = values['aws.secret.access.key'];
  if (accessKeyId !== null && secretAccessKey !== null) {
    return { accessKeyId, secretAccessKey, sessionToken: values['aws.session.token'] };
  }
  const { AWS_ACCESS_KEY_ID: id = '', AWS_SECRET_ACCESS_KEY: secret = '', AWS_SESSION_TOKEN: token = '' } = environment;
  if (id === '' || secret === '') {
    throw new Error(
      'There are no keys for S3: set aws.access.key.id and aws.secret.access.key, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.',
    );
  }
  return { accessKeyId: id, secretAccessKey: secret, sessionToken: token === '' ? null : token };
}
