/**
 * A file system whose files can be added to, as the HDFS sink of a flume.conf needs it: HDFS over WebHDFS, or a local disk. Errors are
 * those of the sink workers' stores: RetriableSinkError, or FatalSinkError where trying again is no use. What resolved is durable.
 */
import * as fs from 'node:fs/promises';
import { FatalSinkError, RetriableSinkError } from '#pipeline/errors';
import { messageOf, systemCode } from '#std/errors';
import { hdfsErrors, HdfsError } from '#wire/hdfs/hdfs-errors';
import type { FileStore } from '../../sinks/file/file-store.js';
import { LocalStore } from '../../sinks/file/local-store.js';
import { HdfsStore, explained } from '../../sinks/hdfs/hdfs-store.js';

export interface AppendStore extends Pick<
  FileStore,
  'makeDirectory' | 'rename' | 'size' | 'remove' | 'read' | 'close'
> {
  /** Makes a file with the folders above it. `exists` where there is one already: it stays as it is. A failed call may leave a part. */
  create(path: string, bytes: Buffer): Promise<'created' | 'exists'>;
  /** Adds to a file. A failed call may have added a part, or all. */
  append(path: string, bytes: Buffer): Promise<void>;
  /** Cuts a file; it is there. */
  truncate(path: string, length: number): Promise<void>;
}

export class HdfsAppendStore extends HdfsStore implements AppendStore {
  create(path: string, bytes: Buffer): Promise<'created' | 'exists'> {
    return explained(async () => {
      try {
        await this.client.create(path, once(bytes), { overwrite: false });
        return 'created';
      } catch (error) {
        if (error instanceof HdfsError && error.kind === hdfsErrors.exists) return 'exists';
        throw error;
      }
    });
  }

  append(path: string, bytes: Buffer): Promise<void> {
    return explained(() => this.client.append(path, bytes));
  }

  async truncate(path: string, length: number): Promise<void> {
    await explained(() => this.client.truncate(path, length));
  }
}

export class LocalAppendStore extends LocalStore implements AppendStore {
  create(path: string, bytes: Buffer): Promise<'created' | 'exists'> {
    return explainedLocally(`make ${path}`, async () => {
      try {
        await this.makeDirectory(path.slice(0, path.lastIndexOf('/')) || '/');
        await writeDurably(path, 'wx', bytes);
        return 'created';
      } catch (error) {
        if (systemCode(error) === 'EEXIST') return 'exists';
        throw error;
      }
    });
  }

  append(path: string, bytes: Buffer): Promise<void> {
    return explainedLocally(`add to ${path}`, () => writeDurably(path, 'a', bytes));
  }

  truncate(path: string, length: number): Promise<void> {
    return explainedLocally(`cut ${path}`, () => fs.truncate(path, length));
  }
}

async function writeDurably(path: string, flags: 'a' | 'wx', bytes: Buffer): Promise<void> {
  const file = await fs.open(path, flags, 0o644);
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

async function explainedLocally<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = systemCode(error);
    const message = `Cannot ${what}: ${messageOf(error)}`;
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') throw new FatalSinkError(message, { cause: error });
    throw new RetriableSinkError(message, { cause: error });
  }
}
