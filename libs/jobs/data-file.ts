/** Files that jobs write and read: below a folder of the data directory, and nowhere else. */
import { mkdir, realpath } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { z } from 'zod';
import { MillraceError } from '#std/errors';
import { jobErrors } from './errors.js';

/** A parameter of jobs. No step begins with a dot, so that none leads out and none is a part file. */
export const fileField = z
  .string()
  .max(255)
  .regex(
    /^\w[\w.-]*(?:\/\w[\w.-]*){0,7}$/,
    'is no relative name of letters, digits, _, - and . such as daily/orders.ndjson',
  );

/** Where `file` lies below `folder` of the data directory. Folders are made. Throws `jobs.file` where a link leads out. */
export async function dataFile(dataDirectory: string, folder: 'exports' | 'imports', file: string): Promise<string> {
  const top = join(dataDirectory, folder);
  const within = dirname(join(top, file));
  await mkdir(within, { recursive: true, mode: 0o750 });
  const [realTop, realWithin] = await Promise.all([realpath(top), realpath(within)]);
  if (realWithin !== realTop && !realWithin.startsWith(realTop + sep)) {
    throw new MillraceError(jobErrors.file, `${folder}/${file} leads out of the folder ${folder} by a link`);
  }
  return join(realWithin, basename(file));
}
