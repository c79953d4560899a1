import { z } from 'zod';
import { pageQuery } from '../page.js';

/** Below the sink's own folder, and nothing that leads out of it. */
const isBelow = (path: string): boolean =>
  path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && !/[\\\p{Cc}]/u.test(part));

const StoredPath = z
  .string()
  .min(1)
  .max(1024)
  .refine(isBelow, 'must lie below the folder of the sink: names with / between, no . or .., no backslash');

export const FilesQuery = pageQuery.extend({
  folder: StoredPath.optional().describe('Only what lies in it or below. Default: all.'),
  topic: z.string().max(249).optional().describe('Only files of this topic.'),
});

export const PathQuery = z.object({ path: StoredPath.describe('As the list has it.') });
export const PreviewQuery = PathQuery.extend({
  rows: z.coerce.number().int().min(1).max(100).default(50),
});

export const FileView = z
  .object({
    path: z.string().describe('Below `base`.'),
    size_bytes: z.number(),
    modified_at: z.string().nullable(),
    state: z.enum(['finished', 'in_progress']),
    topic: z.string().nullable(),
    partition: z.int().nullable(),
    first_offset: z.number().nullable(),
    last_offset: z.number().nullable().describe('Null where names do not have it.'),
  })
  .meta({ id: 'SinkFile' });
export type FileView = z.infer<typeof FileView>;

export const FileList = z
  .object({
    kind: z.literal('SinkFileList'),
    metadata: z.object({ self: z.string(), next: z.string().nullable(), total: z.int().optional() }),
    base: z.string().describe('Folder or key that all paths lie below; references to secrets as they are written.'),
    truncated: z.boolean().describe('There are more than were looked at: name a folder.'),
    data: z.array(FileView),
  })
  .meta({ id: 'SinkFileList' });

export const FilePreview = z
  .object({
    path: z.string(),
    size_bytes: z.number(),
    read_bytes: z.number().describe('How much of it was read for this.'),
    decoder: z.string().describe('`Avro container, snappy`'),
    schema: z.string().nullable().describe('As the file states it.'),
    columns: z.array(z.string()),
    rows: z.array(z.array(z.unknown())).describe('A value for each column.'),
  })
  .meta({ id: 'SinkFilePreview' });
export type FilePreview = z.infer<typeof FilePreview>;
