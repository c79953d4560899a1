import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { answers, Child } from './child.js';

export interface RedisOptions {
  readonly directory: string;
  readonly port: number;
  readonly password?: string;
  /** Files in PEM: the port then speaks TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** A real Redis (Debian's redis-server) that syncs each write. */
export async function startRedis({ directory, port, password, tls }: RedisOptions): Promise<Child> {
  mkdirSync(directory, { recursive: true });
  const child = new Child({
    command: 'redis-server',
    args: [
      ...(tls === undefined
        ? ['--port', String(port)]
        : ['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no']),
      ...(tls === undefined
        ? []
        : ['--tls-cert-file', tls.cert, '--tls-key-file', tls.key, '--tls-ca-cert-file', tls.cert]),
      ...['--bind', '127.0.0.1', '--dir', directory, '--daemonize', 'no'],
      ...['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''],
      ...(password === undefined ? [] : ['--requirepass', password]),
    ],
    logPath: join(directory, 'redis.out'),
  });
  await child.until('Redis', () => answers(port));
  return child;
}
