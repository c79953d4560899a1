import { defineOptions, parseOptions, requireOptions, type OptionProblem } from '#config/options';
import type { SinkType } from '#pipeline/sink';
import { FatalSinkError } from '#pipeline/errors';
import { messageOf } from '#std/errors';
import { S3Client } from '#wire/s3/s3-client';
import { S3Error, s3Errors } from '#wire/s3/s3-errors';
import type { S3Options } from '#wire/s3/s3-exchange';
import { S3Writer } from '#wire/s3/s3-writer';
import { rollingGuarantee, rollingProblems, rollingSetup } from '../file/rolling-options.js';
import { RollingSink } from '../file/rolling-sink.js';
import { rollingSpecs, rollingValues } from '../file/rolling-specs.js';
import { fromAiven } from './aiven-options.js';
import { objectHeaders, s3Place, s3PlaceSpecs, s3Problems, type S3PlaceValues } from './s3-options.js';
import { S3Files } from './s3-files.js';
import { S3Store } from './s3-store.js';

const prefix = 's3.';
const options = defineOptions({ ...s3PlaceSpecs, ...rollingSpecs(prefix) });
const defaults = { topicsDirectory: 'topics', fileType: 'DataStream', nameWithLast: false } as const;
const aivenClasses = [
  'io.aiven.kafka.connect.s3.AivenKafkaConnectS3SinkConnector',
  'io.aiven.kafka.connect.s3.S3SinkConnector',
];
const verifyMsMax = 6000;

/** Rolling objects in a bucket of S3 or of any server with its API. */
export const s3Sink: SinkType = {
  name: 's3',
  classNames: ['io.confluent.connect.s3.S3SinkConnector', ...aivenClasses],
  version: '0.1.0',
  doc:
    "Writes objects to S3 by Kafka Connect's names, as text, JSON, CSV, Avro or Parquet. An object is there when it is complete, and each " +
    'record is in exactly one, whatever crashes.',
  options,
  translate: (className, given) => (className.startsWith('io.aiven.') ? fromAiven(given) : given),
  check: (values) => [
    ...rollingProblems(options, prefix, values, defaults),
    ...s3Problems(parseOptions(s3PlaceSpecs, values).values),
  ],
  async verify(input) {
    const values = parseOptions(options, input).values;
    let place: Omit<S3Options, 'now'>;
    try {
      place = s3Place(values, process.env);
    } catch (error) {
      return [{ name: 'aws.access.key.id', value: null, message: messageOf(error) }];
    }
    const client = new S3Client({ ...place, now: Date.now, idleTimeoutMs: verifyMsMax });
    try {
      await client.page({
        prefix: `${values['topics.dir'] ?? defaults.topicsDirectory}/+state/`,
        isFlat: true,
        after: null,
      });
      return [];
    } catch (error) {
      return [problemOf(error, values)];
    } finally {
      client.close();
    }
  },
  guarantee(input) {
    const values = parseOptions(options, input).values;
    return values['s3.conditional.writes'] ? rollingGuarantee(options, prefix, input) : 'at-least-once';
  },
  files(input) {
    const values = requireOptions('sink s3', options, input);
    const { template } = rollingSetup(rollingValues(prefix, values), defaults, false).layout;
    return new S3Files(new S3Client({ ...placeOf(values), now: Date.now, idleTimeoutMs: verifyMsMax }), template.base);
  },
  create(input) {
    const values = requireOptions('sink s3', options, input);
    const setup = rollingSetup(rollingValues(prefix, values), defaults);
    return new RollingSink({
      connect: ({ clock }) => {
        const place = { ...placeOf(values), now: () => clock.now() };
        return new S3Store(new S3Client(place), new S3Writer(place), {
          partBytes: values['s3.part.size'],
          uploadsMax: values['s3.uploads'],
          headers: objectHeaders(values),
          hasConditions: values['s3.conditional.writes'],
        });
      },
      ...setup,
    });
  },
};

function placeOf(values: S3PlaceValues): Omit<S3Options, 'now'> {
  try {
    return s3Place(values, process.env);
  } catch (error) {
    throw new FatalSinkError(messageOf(error), { cause: error });
  }
}

const optionsByCode: Readonly<Record<string, keyof S3PlaceValues>> = {
  NoSuchBucket: 's3.bucket.name',
  InvalidBucketName: 's3.bucket.name',
  AccessDenied: 's3.bucket.name',
  InvalidAccessKeyId: 'aws.access.key.id',
  SignatureDoesNotMatch: 'aws.secret.access.key',
  InvalidToken: 'aws.session.token',
  ExpiredToken: 'aws.session.token',
  AuthorizationHeaderMalformed: 's3.region',
  PermanentRedirect: 's3.region',
};

function problemOf(error: unknown, values: S3PlaceValues): OptionProblem {
  const code = error instanceof S3Error ? (error.s3Code ?? '') : '';
  const isAway = error instanceof S3Error && (error.kind === s3Errors.away || error.kind === s3Errors.busy);
  const fallback = isAway && values['store.url'] !== null ? 'store.url' : 's3.bucket.name';
  const name = optionsByCode[code] ?? fallback;
  const value = options[name].type === 'password' ? null : values[name];
  return { name, value: value === null ? null : String(value), message: messageOf(error) };
}
