import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { userInfo } from 'node:os';
import { answers, Child } from './child.js';

export interface MariaDbOptions {
  readonly directory: string;
  readonly port: number;
  /** Further options of the server: `--max-allowed-packet=1M`. */
  readonly args?: readonly string[];
}

/** Name, password and database of `startMariaDb`. */
export const mariaDbLogin = 'store';

/** A real MariaDB (Debian's mariadb-server) that keeps what is in `directory`. It syncs each commit to disk. */
export async function startMariaDb({ directory, port, args = [] }: MariaDbOptions): Promise<Child> {
  mkdirSync(directory, { recursive: true });
  const data = join(directory, 'data');
  const user = userInfo().username;
  if (!existsSync(join(data, 'mysql'))) install(data, user);
  const init = join(directory, 'init.sql');
  writeFileSync(
    init,
    `create database if not exists ${mariaDbLogin};
create user if not exists '${mariaDbLogin}'@'%' identified by '${mariaDbLogin}';
grant all privileges on *.* to '${mariaDbLogin}'@'%' with grant option;
`,
  );
  const child = new Child({
    command: 'mariadbd',
    args: [
      ...['--no-defaults', `--user=${user}`, `--datadir=${data}`, `--port=${port}`, '--bind-address=127.0.0.1'],
      ...[`--socket=${join(directory, 'socket')}`, `--pid-file=${join(directory, 'pid')}`, `--init-file=${init}`],
      ...['--skip-name-resolve', '--innodb-buffer-pool-size=128M', '--innodb-log-file-size=64M'],
      ...['--performance-schema=off', '--max-connections=60'],
      ...args,
    ],
    env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` },
    logPath: join(directory, 'mariadb.out'),
  });
  // The port answers before the user is there.
  await child.until('MariaDB', async () => /ready for connections/.test(child.output()) && (await answers(port)));
  return child;
}

function install(data: string, user: string): void {
  const { status, stderr, stdout } = spawnSync(
    'mariadb-install-db',
    [
      '--no-defaults',
      `--user=${user}`,
      `--datadir=${data}`,
      '--skip-test-db',
      '--auth-root-authentication-method=socket',
    ],
    { encoding: 'utf8' },
  );
  if (status !== 0)
    throw new Error(`mariadb-install-db failed: ${stdout ?? ''}${stderr ?? 'is mariadb-server installed?'}`);
}
