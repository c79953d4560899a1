import { WebHdfsClient, type WebHdfsOptions } from '#wire/hdfs/webhdfs-client';
import type { ObjectStore, StoredObject } from '../object-poll/object-store.js';

/** Folders inside each other beyond which nobody looks. */
const depthMax = 32;

/** A folder of HDFS over WebHDFS. */
export class HdfsFolder implements ObjectStore {
  private readonly client: WebHdfsClient;

  constructor(
    web: WebHdfsOptions,
    private readonly folder: string,
    private readonly options: { readonly isRecursive: boolean; readonly isFolderWanted: (name: string) => boolean },
  ) {
    this.client = new WebHdfsClient(web);
  }

  async list(): Promise<readonly StoredObject[]> {
    const found: StoredObject[] = [];
    await this.listInto(this.folder, 0, found);
    return found;
  }

  open({ path }: StoredObject, offset: number): AsyncIterable<Buffer> {
    return this.client.open(path, offset);
  }

  async delete({ path }: StoredObject): Promise<void> {
    await this.client.delete(path);
  }

  async rename({ path }: StoredObject, to: string): Promise<boolean> {
    return await this.client.rename(path, to);
  }

  close(): void {
    this.client.close();
  }

  private async listInto(folder: string, depth: number, found: StoredObject[]): Promise<void> {
    const entries = await this.client.list(folder);
    if (entries === null && depth === 0) throw new Error(`there is no folder ${folder} in HDFS`);
    for (const { name, directory, length, modifiedMs } of entries ?? []) {
      const path = `${folder === '/' ? '' : folder}/${name}`;
      if (!directory) found.push({ path, name, bytes: length, modifiedMs });
      else if (this.options.isRecursive && depth < depthMax && this.options.isFolderWanted(name))
        await this.listInto(path, depth + 1, found);
    }
  }
}
