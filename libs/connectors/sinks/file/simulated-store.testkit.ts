/**
 * A file store in memory for specs, which can fail at any call: before the call happens, after it (the answer is lost), or, in a write,
 * halfway through. Several stores may share one `SimulatedTree`: those of owners that live one after another, or at once.
 */
import { RetriableSinkError } from '#pipeline/errors';
import type { FileStore, RenameResult, StoredFile } from './file-store.js';

export class SimulatedTree {
  readonly files = new Map<string, Buffer>();
  readonly directories = new Set<string>(['/']);
}

export type SimulatedFault = 'none' | 'before' | 'after' | 'half';

export class SimulatedStore implements FileStore {
  /** Calls so far. */
  calls = 0;

  constructor(
    readonly tree: SimulatedTree,
    /** Asked at each call, counted from 0; may wait, so that others run in between. */
    private readonly fault: (call: number, name: string) => SimulatedFault | Promise<SimulatedFault> = () => 'none',
  ) {}

  async makeDirectory(path: string): Promise<void> {
    await this.call(`makeDirectory ${path}`, () => {
      const parts = path.split('/').filter((part) => part !== '');
      for (let count = 1; count <= parts.length; count += 1) {
        this.tree.directories.add(`/${parts.slice(0, count).join('/')}`);
      }
    });
  }

  async write(path: string, chunks: AsyncIterable<Buffer>): Promise<number> {
    const all: Buffer[] = [];
    for await (const chunk of chunks) all.push(Buffer.from(chunk));
    const bytes = Buffer.concat(all);
    this.requireParent(path);
    return this.call(
      `write ${path}`,
      () => {
        this.tree.files.set(path, bytes);
        return bytes.length;
      },
      () => this.tree.files.set(path, bytes.subarray(0, bytes.length >> 1)),
    );
  }

  async rename(from: string, to: string): Promise<RenameResult> {
    return this.call(`rename ${from} ${to}`, () => {
      const bytes = this.tree.files.get(from);
      if (bytes === undefined) return 'missing';
      if (this.tree.files.has(to)) return 'exists';
      this.requireParent(to);
      this.tree.files.delete(from);
      this.tree.files.set(to, bytes);
      return 'renamed';
    });
  }

  async read(path: string): Promise<Buffer | null> {
    return this.call(`read ${path}`, () => this.tree.files.get(path) ?? null);
  }

  async size(path: string): Promise<number | null> {
    return this.call(`size ${path}`, () => this.tree.files.get(path)?.length ?? null);
  }

  async list(directory: string): Promise<readonly StoredFile[]> {
    return this.call(`list ${directory}`, () => {
      const prefix = directory === '/' ? '/' : `${directory}/`;
      const inside = (paths: Iterable<string>): string[] =>
        [...paths]
          .filter((path) => path.startsWith(prefix) && path !== directory)
          .map((path) => path.slice(prefix.length))
          .filter((name) => name !== '' && !name.includes('/'));
      return [
        ...inside(this.tree.directories).map((name) => ({ name, directory: true })),
        ...inside(this.tree.files.keys()).map((name) => ({ name, directory: false })),
      ];
    });
  }

  async remove(path: string): Promise<void> {
    await this.call(`remove ${path}`, () => {
      this.tree.files.delete(path);
    });
  }

  async close(): Promise<void> {}

  private async call<T>(name: string, work: () => T, half?: () => void): Promise<T> {
    const fault = await this.fault(this.calls++, name);
    if (fault === 'none') return work();
    if (fault === 'after') work();
    if (fault === 'half') half?.();
    throw new RetriableSinkError(`simulated: ${fault} ${name}`);
  }

  private requireParent(path: string): void {
    const parent = path.slice(0, path.lastIndexOf('/')) || '/';
    if (!this.tree.directories.has(parent)) throw new RetriableSinkError(`simulated: no folder ${parent}`);
  }
}
