/**
 * PostgreSQL refuses to run as root. Started by root it runs as `postgres` where there is such a user, else as `nobody`;
 * and where that user could not pass the folders above the program or the data (a home of mode 0700), it keeps the right
 * to pass them as an ambient capability, given by `setpriv`.
 */
import { chown, readFile, stat } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { MillraceError } from '#std/errors';
import { controlErrors } from './errors.js';

export interface PostgresUser {
  /** Null: the user who runs us. */
  readonly ids: { readonly uid: number; readonly gid: number } | null;
  /** What to put before a command, so that it runs as this user. */
  readonly prefix: readonly string[];
}

const setprivPaths = ['/usr/bin/setpriv', '/bin/setpriv', '/sbin/setpriv'];

/** Decides the user for programs at `paths`. Throws `control.database.start` where root has nobody to run it as. */
export async function choosePostgresUser(paths: readonly string[]): Promise<PostgresUser> {
  if (process.getuid?.() !== 0) return { ids: null, prefix: [] };
  const ids = await findUser();
  if (ids === null) {
    throw new MillraceError(
      controlErrors.databaseStart,
      'PostgreSQL does not run as root, and this machine has neither a user "postgres" nor "nobody". Run as another user, or set DATABASE_URL.',
    );
  }
  const setpriv = setprivPaths.find((path) => existsSync(path));
  if (setpriv === undefined) {
    throw new MillraceError(
      controlErrors.databaseStart,
      'PostgreSQL does not run as root, and this machine has no setpriv (util-linux) to change the user with. Run as another user, or set DATABASE_URL.',
    );
  }
  const prefix = [setpriv, `--reuid=${ids.uid}`, `--regid=${ids.gid}`, '--clear-groups'];
  const passable = await Promise.all(paths.map(isPassable));
  if (passable.includes(false)) {
    const rights = '+dac_override,+dac_read_search';
    prefix.push(`--inh-caps=${rights}`, `--ambient-caps=${rights}`);
  }
  return { ids, prefix: [...prefix, '--'] };
}

/** Gives a path to the user; does nothing where that is ourselves. */
export async function giveTo(user: PostgresUser, path: string): Promise<void> {
  if (user.ids !== null) await chown(path, user.ids.uid, user.ids.gid);
}

async function findUser(): Promise<{ uid: number; gid: number } | null> {
  const rows = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const row = rows.find((fields) => fields[0] === name);
    if (row !== undefined) return { uid: Number(row[2]), gid: Number(row[3]) };
  }
  return null;
}

/** Whether everybody may enter every folder above `path`. */
async function isPassable(path: string): Promise<boolean> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
