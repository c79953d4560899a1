/** Records as REST has them. */
import type { z } from 'zod';
import type { RecordDetail as DetailSchema } from '../../../../../admin/src/v1/records/record-detail.js';
import type { RecordView as ViewSchema } from '../../../../../admin/src/v1/records/record-view.js';

/** Keys and values are the beginnings of their texts. */
export interface RecordRow extends Omit<z.infer<typeof ViewSchema>, 'key' | 'value'> {
  readonly key: string | null;
  readonly value: string | null;
}

export type RecordDetail = z.infer<typeof DetailSchema>;
export type Content = NonNullable<RecordDetail['value']>;
export type Decoding = Content['decodings'][number];

export interface SearchProgress {
  readonly scanned: number;
  readonly found: number;
  readonly of: number;
  /** Where it goes on; null: at the end; absent: within a window. */
  readonly next?: string | null;
  readonly done?: true;
}

export type SearchLine =
  | RecordRow
  | SearchProgress
  | { readonly error: { readonly detail: string; readonly code: string } };

/** Characters of keys and values in a list. */
export const previewLength = 300;

export function recordsPath(topic: string): string {
  return `/api/v1/topics/${encodeURIComponent(topic)}/records`;
}

export function keyOfRow({ partition, offset }: { partition: number; offset: number }): string {
  return `${partition}:${offset}`;
}
