import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { answers, Child } from './child.js';

const run = promisify(execFile);
const cache = process.env['MILLRACE_PEERS_CACHE'] ?? join(homedir(), '.cache', 'millrace-peers');
const version = 'v1.8.0';
/** The first build fetches and compiles its modules. */
const buildMsMax = 600_000;

export interface VersityOptions {
  readonly directory: string;
  readonly port: number;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The gateway's program, built by the machine's Go once and remembered. */
export async function versityProgram(): Promise<string> {
  const folder = join(cache, `versitygw-${version}`);
  const program = join(folder, 'versitygw');
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  await run('go', ['install', `github.com/versity/versitygw/cmd/versitygw@${version}`], {
    env: { ...process.env, GOBIN: folder, GOFLAGS: '-mod=mod', CGO_ENABLED: '0' },
    timeout: buildMsMax,
    maxBuffer: 16 * 1024 * 1024,
  });
  return program;
}

/** A real server of S3's REST API with conditional writes and multipart uploads: Versity's gateway over a folder. */
export async function startVersity(options: VersityOptions): Promise<Child> {
  const { directory, port, bucket, accessKeyId, secretAccessKey } = options;
  const program = await versityProgram();
  const store = join(directory, 'store');
  // A folder is a bucket. Attributes of objects go into files beside them, as not every file system has room for them.
  mkdirSync(join(store, bucket), { recursive: true });
  const attributes = join(directory, 'attributes');
  mkdirSync(attributes, { recursive: true });
  const child = new Child({
    command: program,
    args: [
      '--port',
      `127.0.0.1:${port}`,
      '--access',
      accessKeyId,
      '--secret',
      secretAccessKey,
      '--quiet',
      'posix',
      '--sidecar',
      attributes,
      store,
    ],
    logPath: join(directory, 'versitygw.out'),
  });
  await child.until('versitygw', () => answers(port));
  return child;
}
