import { join } from 'node:path';
import { answers, Child } from '../peers/child.js';
import { projectRoot } from './product.js';

export interface RunningTopics {
  readonly child: Child;
  readonly bootstrap: string;
}

/** Our topic service alone, as a process of its own. */
export async function startTopics(directory: string, port: number): Promise<RunningTopics> {
  const child = new Child({
    command: process.execPath,
    args: [join(projectRoot, 'bin', 'millrace.mjs'), 'role', 'topics'],
    env: { MILLRACE_DATA: join(directory, 'topics'), HOST: '127.0.0.1', PORT: String(port), DATABASE_URL: '' },
    logPath: join(directory, 'topics.out'),
  });
  await child.until('our topic service', () => answers(port));
  return { child, bootstrap: `127.0.0.1:${port}` };
}
