import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectRoot } from '../flows/product.js';
import { answers, Child } from './child.js';
import { pythonPackages } from './python.js';

export interface MongodbOptions {
  readonly directory: string;
  readonly port: number;
}

/**
 * A server that speaks MongoDB's protocol over MongoDB's storage engine, WiredTiger, and says that it is a replica set of one (SecantusDB; MongoDB's own
 * program comes in no package of a registry). Transactions, unique indexes and error codes are MongoDB's; it is slow.
 */
export async function startMongodb({ directory, port }: MongodbOptions): Promise<Child> {
  mkdirSync(directory, { recursive: true });
  const python = await pythonPackages(join(projectRoot, 'test', 'peers', 'mongodb', 'requirements.txt'));
  const child = new Child({
    command: join(dirname(python), 'secantusd-py'),
    args: [
      ...['--host', '127.0.0.1', '--port', String(port), '--storage-path', join(directory, 'data')],
      ...['--cache-size', '256M', '--log-level', 'WARNING'],
    ],
    logPath: join(directory, 'mongodb.out'),
  });
  await child.until('the server of documents', () => answers(port));
  return child;
}
