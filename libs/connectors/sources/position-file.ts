import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Positions by name in a JSON file that is replaced as a whole, synced. For sources whose channels keep no positions. */
export class PositionFile {
  constructor(private readonly path: string) {}

  /** Empty where there is no file. Throws where it is none of ours. */
  async load(): Promise<Map<string, string>> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
      throw error;
    }
    try {
      return new Map(Object.entries(JSON.parse(text) as Record<string, string>));
    } catch (cause) {
      throw new Error(`${this.path} does not hold positions. Move it away to begin anew.`, { cause });
    }
  }

  async save(positions: ReadonlyMap<string, string>): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true });
    const part = `${this.path}.part`;
    const file = await open(part, 'w');
    try {
      await file.writeFile(JSON.stringify(Object.fromEntries(positions)));
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(part, this.path);
  }
}
