/** What a record looks like in a body of REST Proxy v3, and the bytes that are written for it. */
import { z } from 'zod';
import { DetailedHttpError } from '#nest/error-answer';
import type { WriteRecord } from '#topics/topic-writer';

/** Formats that need no schema; the others are refused with 42206. */
export const plainFormats = ['BINARY', 'JSON', 'STRING'] as const;
const schemaFormats = ['AVRO', 'JSONSCHEMA', 'PROTOBUF'] as const;

const RecordData = z.object({
  type: z
    .enum([...plainFormats, ...schemaFormats])
    .optional()
    .describe('Default BINARY: base64.'),
  data: z.unknown().optional(),
  subject: z.string().nullish(),
  subject_name_strategy: z.string().nullish(),
  schema_id: z.number().int().nullish(),
  schema_version: z.number().int().nullish(),
  schema: z.string().nullish(),
});

const recordFields = {
  partition_id: z.number().int().min(0).max(2_147_483_647).nullish(),
  headers: z
    .array(z.object({ name: z.string(), value: z.string().nullish().describe('base64') }))
    .max(10_000)
    .nullish(),
  key: RecordData.nullish(),
  value: RecordData.nullish(),
  timestamp: z.union([z.string(), z.number().int()]).nullish().describe('ISO 8601, or milliseconds since 1970.'),
  original_size: z.number().nullish(),
};

export const ProduceRecord = z.object(recordFields).meta({ id: 'ProduceRecord' });
export type ProduceRecord = z.infer<typeof ProduceRecord>;

export const ProduceBatch = z
  .object({
    entries: z
      .array(
        z.object({
          id: z
            .string()
            .min(1)
            .max(80)
            .regex(/^[\w-]+$/, 'letters, digits, - and _ only'),
          ...recordFields,
        }),
      )
      .max(10_000),
  })
  .meta({ id: 'ProduceBatch' });

/** A record ready to be written, and what its report says of it. */
export interface PreparedRecord {
  readonly record: WriteRecord & { readonly timestamp: number };
  readonly key: { readonly type: string; readonly size: number } | null;
  readonly value: { readonly type: string; readonly size: number } | null;
}

/** Throws 400 or 42206 with what is wrong. */
export function prepareRecord(form: ProduceRecord, nowMs: number): PreparedRecord {
  const key = bytesOf(form.key, 'key');
  const value = bytesOf(form.value, 'value');
  return {
    record: {
      partition: form.partition_id ?? undefined,
      key,
      value,
      headers: (form.headers ?? []).map((header) => ({
        key: header.name,
        value: header.value == null ? null : fromBase64(header.value, `header ${header.name}`),
      })),
      timestamp: timestampOf(form.timestamp, nowMs),
    },
    key: form.key == null ? null : { type: form.key.type ?? 'BINARY', size: key?.length ?? 0 },
    value: form.value == null ? null : { type: form.value.type ?? 'BINARY', size: value?.length ?? 0 },
  };
}

/** A record out of one object of a stream. */
export function parseRecord(bytes: Buffer): ProduceRecord {
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'it is not JSON';
    throw new DetailedHttpError(400, `A record could not be read: ${reason}`);
  }
  const checked = ProduceRecord.safeParse(parsed);
  if (checked.success) return checked.data;
  const problems = checked.error.issues.map(({ path, message }) => `${path.join('.') || 'record'}: ${message}`);
  throw new DetailedHttpError(400, problems.join('; '));
}

function bytesOf(form: z.infer<typeof RecordData> | null | undefined, part: string): Buffer | null {
  if (form == null) return null;
  const { type, data } = form;
  const isOfSchema = form.schema != null || form.schema_id != null || form.schema_version != null;
  if (type === 'AVRO' || type === 'JSONSCHEMA' || type === 'PROTOBUF' || (type === undefined && isOfSchema)) {
    throw new DetailedHttpError(
      42_206,
      `The ${part} asks for ${type ?? 'a schema'}, which needs a schema registry, and there is none here. Send BINARY, JSON or STRING.`,
    );
  }
  if (data === null || data === undefined) return null;
  if (type === 'JSON') return Buffer.from(JSON.stringify(data));
  if (typeof data !== 'string') {
    throw new DetailedHttpError(400, `The ${part}'s data must be a text for ${type ?? 'BINARY'}.`);
  }
  return type === 'STRING' ? Buffer.from(data) : fromBase64(data, part);
}

const base64 = /^[\w+/-]*={0,2}$/;

/** Standard and URL-safe alphabet, with or without padding. Throws 400: Node would take anything. */
export function fromBase64(text: string, part: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (!base64.test(text) || text.replace(/=+$/, '').length % 4 === 1) {
    throw new DetailedHttpError(400, `The ${part} is not base64. Encode it so, or send it as JSON or STRING.`);
  }
  return bytes;
}

function timestampOf(given: string | number | null | undefined, nowMs: number): number {
  if (given == null) return nowMs;
  const timestamp = typeof given === 'number' ? given : Date.parse(given);
  if (!Number.isSafeInteger(timestamp) || timestamp < 0 || timestamp > 8.64e15) {
    throw new DetailedHttpError(400, `The timestamp ${JSON.stringify(given)} is neither ISO 8601 nor milliseconds.`);
  }
  return timestamp;
}
