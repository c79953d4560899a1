import { z } from 'zod';
import type { RecordHeader } from '#pipeline/sink-batch';

const textMax = 4 * 1024 * 1024;

/** What is changed of a dead letter before it is sent again. */
export const LetterEdit = z
  .strictObject({
    key: z.string().max(textMax).nullable().optional().describe('The key as text; null: none.'),
    value: z.string().max(textMax).nullable().optional().describe('The value as text; null: a tombstone.'),
    value_base64: z.base64().max(textMax).optional().describe('The value as bytes.'),
    value_json: z.unknown().optional().describe('The value as JSON.'),
    value_patch: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('JSON Merge Patch over values that are JSON objects; null removes a field. Others are left out.'),
    headers: z
      .record(z.string().min(1).max(1000), z.string().max(65_536).nullable())
      .optional()
      .describe('Headers to set; null removes.'),
  })
  .refine(
    (edit) =>
      [edit.value, edit.value_base64, edit.value_json, edit.value_patch].filter((given) => given !== undefined)
        .length <= 1,
    'name one of value, value_base64, value_json, value_patch',
  )
  .meta({ id: 'DeadLetterEdit' });
export type LetterEdit = z.output<typeof LetterEdit>;

export interface LetterContent {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}

/** Null where a patch has nothing to work on. */
export function editedLetter(content: LetterContent, edit: LetterEdit | undefined): LetterContent | null {
  if (edit === undefined) return content;
  const value = editedValue(content.value, edit);
  if (value === undefined) return null;
  const { key } = edit;
  return {
    key: key === undefined ? content.key : key === null ? null : Buffer.from(key),
    value,
    headers: editedHeaders(content.headers, edit.headers ?? {}),
  };
}

function editedValue(value: Buffer | null, edit: LetterEdit): Buffer | null | undefined {
  if (edit.value !== undefined) return edit.value === null ? null : Buffer.from(edit.value);
  if (edit.value_base64 !== undefined) return Buffer.from(edit.value_base64, 'base64');
  if (edit.value_json !== undefined) return Buffer.from(JSON.stringify(edit.value_json));
  return edit.value_patch === undefined ? value : patched(value, edit.value_patch);
}

function patched(value: Buffer | null, patch: Readonly<Record<string, unknown>>): Buffer | undefined {
  if (value === null) return undefined;
  try {
    const parsed: unknown = JSON.parse(value.toString('utf8'));
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
    return Buffer.from(JSON.stringify(merged(parsed, patch)));
  } catch {
    return undefined;
  }
}

/** RFC 7396. */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const isObject = typeof target === 'object' && target !== null && !Array.isArray(target);
  const fields = new Map<string, unknown>(isObject ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) fields.delete(name);
    else fields.set(name, merged(fields.get(name), value));
  }
  return Object.fromEntries(fields);
}

function editedHeaders(
  headers: readonly RecordHeader[],
  changes: Readonly<Record<string, string | null>>,
): readonly RecordHeader[] {
  const kept = headers.filter(({ key }) => !Object.hasOwn(changes, key));
  const set = Object.entries(changes).flatMap(([key, text]) =>
    text === null ? [] : [{ key, value: Buffer.from(text) }],
  );
  return [...kept, ...set];
}
