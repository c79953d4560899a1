import type { OptionValues } from '#config/options';
import type { ComponentRemark } from '#pipeline/collector';
import type { S3Options } from '#wire/s3/s3-exchange';
import type { AwsCredentials } from '#wire/s3/signature-v4';
import type { s3PollOptions } from './s3-poll-options.js';

type S3PollOptions = OptionValues<typeof s3PollOptions>;
type Environment = Readonly<Record<string, string | undefined>>;

/** Where the bucket is and who asks, by options and, for what they leave out, the variables of AWS's own tools. Throws a sentence. */
export function s3Place(options: S3PollOptions, environment: Environment): Omit<S3Options, 'now'> {
  const bucket = options['s3.bucket'];
  const region =
    options['s3.region'] ?? (environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'] || 'us-east-1');
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const endpoint = options['s3.endpoint'];
  return {
    bucket,
    region,
    endpoint: new URL(endpoint ?? `https://s3.${region}.${domain}`),
    // The certificate of a domain covers no names with more dots.
    isPathStyle: options['s3.pathStyle'] ?? (endpoint !== null || bucket.includes('.')),
    credentials: credentialsOf(options, environment),
  };
}

/** Whether there are keys in the environment is known only where the source runs. */
export function s3Remarks(options: S3PollOptions): ComponentRemark[] {
  const [option, other] =
    options['s3.accessKeyId'] === null
      ? (['s3.secretAccessKey', 's3.accessKeyId'] as const)
      : (['s3.accessKeyId', 's3.secretAccessKey'] as const);
  if ((options[option] === null) === (options[other] === null)) return [];
  return [{ severity: 'error', option, message: `${option} is of no use without ${other}.` }];
}

function credentialsOf(options: S3PollOptions, environment: Environment): AwsCredentials {
  const accessKeyId = options['s3.accessKeyId'];
  const secretAccessKey = options['s3.secretAccessKey'];
  if (accessKeyId !== null && secretAccessKey !== null) {
    return { accessKeyId, secretAccessKey, sessionToken: options['s3.sessionToken'] };
  }
  const { AWS_ACCESS_KEY_ID: id = '', AWS_SECRET_ACCESS_KEY: secret = '', AWS_SESSION_TOKEN: token = '' } = environment;
  if (id === '' || secret === '') {
    throw new Error(
      'There are no keys for S3: set s3.accessKeyId and s3.secretAccessKey, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.',
    );
  }
  return { accessKeyId: id, secretAccessKey: secret, sessionToken: token === '' ? null : token };
}
