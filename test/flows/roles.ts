import { join } from 'node:path';
import { Child } from '../peers/child.js';
import { projectRoot } from './product.js';

export interface RolesOptions {
  /** Each process gets a data folder of its own below. */
  readonly directory: string;
  readonly databaseUrl: string;
  /** Our topics, or a real Kafka. */
  readonly bootstrap: string;
  readonly env?: Readonly<Record<string, string>>;
}

export type RoleName = 'topics' | 'admin' | 'collector' | 'sink-worker';

/** Roles as processes of their own, each started as `millrace role NAME`. */
export class Roles {
  private readonly children: Child[] = [];

  constructor(private readonly options: RolesOptions) {}

  /** Resolves when it says that it is ready. `id` tells processes of one role apart, `env` is for this one alone. */
  async start(
    role: RoleName,
    settings: { id?: string; port?: number; env?: Readonly<Record<string, string>> } = {},
  ): Promise<Child> {
    const { directory, databaseUrl, bootstrap, env } = this.options;
    const id = settings.id ?? role;
    const logPath = join(directory, `${id}.out`);
    const child = new Child({
      command: process.execPath,
      args: [join(projectRoot, 'bin', 'millrace.mjs'), 'role', role],
      env: {
        DATABASE_URL: databaseUrl,
        TOPICS_BOOTSTRAP: bootstrap,
        MILLRACE_DATA: join(directory, id),
        MILLRACE_WORKER_ID: id,
        ...(settings.port === undefined ? {} : { PORT: String(settings.port) }),
        ...env,
        ...settings.env,
      },
      logPath,
    });
    this.children.push(child);
    await child.until(id, () => / is (?:ready,|on) /.test(child.output()), 60_000);
    return child;
  }

  /** Kills what still runs. */
  async dispose(): Promise<void> {
    const alive = this.children.filter((child) => child.exitCode === undefined);
    await Promise.all(alive.map((child) => child.kill()));
  }
}
