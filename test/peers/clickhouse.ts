import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../flows/product.js';
import { answers, Child } from './child.js';
import { pythonPackages } from './python.js';

/** Name and password of `startClickHouse`. */
export const clickHouseLogin = 'store';

/** ClickHouse's real engine, as chDB has it, behind its HTTP interface as far as a sink needs it. Keeps what is in `directory`. */
export async function startClickHouse({ directory, port }: { directory: string; port: number }): Promise<Child> {
  const folder = join(projectRoot, 'test', 'peers', 'clickhouse');
  const python = await pythonPackages(join(folder, 'requirements.txt'));
  mkdirSync(directory, { recursive: true });
  const child = new Child({
    command: python,
    args: [join(folder, 'server.py'), String(port), join(directory, 'data')],
    logPath: join(directory, 'clickhouse.out'),
  });
  await child.until('ClickHouse', () => answers(port));
  return child;
}
