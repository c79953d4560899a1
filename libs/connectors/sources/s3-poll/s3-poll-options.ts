import { defineOptions } from '#config/options';
import { objectPollOptions } from '../object-poll/object-poll-options.js';

export const s3PollOptions = defineOptions({
  's3.bucket': {
    type: 'string',
    required: true,
    check: (bucket: string) =>
      /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(bucket) ? null : 'must be the name of a bucket, without s3://',
    doc: 'Bucket whose objects are read.',
  },
  's3.prefix': { type: 'string', default: '', doc: 'What the keys of read objects begin with: `logs/web/`.' },
  's3.region': {
    type: 'string',
    check: (region: string) => (/^[A-Za-z0-9-]+$/.test(region) ? null : 'must be the name of a region'),
    doc: 'Region of the bucket. Otherwise that of `AWS_REGION` or `AWS_DEFAULT_REGION` in the environment, or us-east-1.',
  },
  's3.endpoint': {
    type: 'string',
    check: (url: string) =>
      /^https?:\/\/[^?#@]+$/i.test(url) && URL.canParse(url)
        ? null
        : 'must be a web address without the bucket, such as http://minio:9000',
    doc: 'Address of a server that speaks S3, without the bucket. Otherwise that of AWS for the region.',
  },
  's3.pathStyle': {
    type: 'boolean',
    doc: 'Names the bucket in the path instead of the host name. By default where `s3.endpoint` is set, and for buckets with dots.',
  },
  's3.accessKeyId': {
    type: 'string',
    doc: 'Access key. Otherwise that of `AWS_ACCESS_KEY_ID` in the environment, with its `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.',
  },
  's3.secretAccessKey': { type: 'password', doc: 'Secret of the access key.' },
  's3.sessionToken': { type: 'password', doc: 'Session token of temporary keys.' },
  recursiveDirectorySearch: {
    type: 'boolean',
    default: true,
    doc: 'Also reads keys that have slashes behind the prefix.',
  },
  ...objectPollOptions,
});
