import type { z } from 'zod';
import type { FileList, FilePreview, FileView } from '../../../../admin/src/v1/files/file-schemas.js';

export type SinkFile = z.infer<typeof FileView>;
export type SinkFileList = z.infer<typeof FileList>;
export type Preview = z.infer<typeof FilePreview>;

/** Sinks of these types leave files that can be looked into. */
export const fileTypes: ReadonlySet<string> = new Set(['file', 'hdfs', 's3']);

export function filesOf(name: string): string {
  return `/api/v1/sinks/${encodeURIComponent(name)}/files`;
}
