import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PositionChanges, SourceContext } from '#pipeline/collector';
import { systemCode } from '#std/errors';

const key = 'cursor';

/** Where reading a journal has got to: with the channels where they keep positions, else in a file. */
export class CursorKeeper {
  constructor(private readonly context: SourceContext) {}

  async load(): Promise<string | null> {
    const { positions } = this.context;
    if (positions !== null) return (await positions.load()).get(key) ?? null;
    try {
      return (await readFile(this.path, 'utf8')).trim() || null;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return null;
      throw error;
    }
  }

  /** To be given with the delivery that brings the entries up to `cursor`. */
  moved(cursor: string | null): PositionChanges | undefined {
    return cursor === null || this.context.positions === null ? undefined : new Map([[key, cursor]]);
  }

  /** After that delivery. */
  async keep(cursor: string | null): Promise<void> {
    if (cursor === null || this.context.positions !== null) return;
    await mkdir(this.context.stateDirectory, { recursive: true });
    // A crash between the two leaves the old one.
    await writeFile(`${this.path}.new`, `${cursor}\n`);
    await rename(`${this.path}.new`, this.path);
  }

  private get path(): string {
    return join(this.context.stateDirectory, 'cursor');
  }
}
