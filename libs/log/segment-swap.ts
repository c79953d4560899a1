import { join } from 'node:path';
import { MillraceError } from '#std/errors';
import type { Disk } from '#std/disk';
import { openText, replaceFile, sealText } from './durable-file.js';
import { logErrors } from './errors.js';
import { offsetsInNames, segmentPath } from './segment.js';

/**
 * How a cleaned segment takes the place of those it was made from, so that a crash at any point leaves the old ones or the new one:
 *
 *  1. `BASE.log.cleaned` and `BASE.batches.cleaned` are written and synced. Without step 2 they are garbage.
 *  2. `BASE.swap`, the list of the replaced base offsets, is made durable: from here on the new segment counts.
 *  3. The new files get their names, in place of those of the segment with the same base offset, and the directory is synced.
 *  4. The files of the others go, the directory is synced, `BASE.swap` removed, and that synced too before the next swap.
 *
 * Each of the last two steps may be done twice.
 */
export interface Swap {
  readonly directory: string;
  readonly base: number;
  /** Base offsets of the segments that go, `base` among them. */
  readonly replaced: readonly number[];
}

/** Step 2. */
export async function decideSwap(disk: Disk, { directory, base, replaced }: Swap): Promise<void> {
  await replaceFile(disk, segmentPath(directory, base, 'swap'), sealText(`${replaced.join(' ')}\n`));
}

/** Step 3. */
export async function placeCleaned(disk: Disk, { directory, base }: Swap): Promise<void> {
  for (const ending of ['index', 'timeindex'] as const) await disk.remove(segmentPath(directory, base, ending));
  for (const ending of ['batches', 'log'] as const) {
    const cleaned = segmentPath(directory, base, `${ending}.cleaned`);
    if ((await disk.size(cleaned)) !== null) await disk.rename(cleaned, segmentPath(directory, base, ending));
  }
  await disk.syncDirectory(directory);
}

/** Step 4. */
export async function removeReplaced(disk: Disk, { directory, base, replaced }: Swap): Promise<void> {
  for (const old of replaced) {
    if (old === base) continue;
    for (const ending of ['index', 'timeindex', 'batches', 'log'] as const) {
      await disk.remove(segmentPath(directory, old, ending));
    }
  }
  await disk.syncDirectory(directory);
  await disk.remove(segmentPath(directory, base, 'swap'));
  await disk.syncDirectory(directory);
}

/** Removes what step 1 wrote. */
export async function abandonSwap(disk: Disk, directory: string, base: number): Promise<void> {
  for (const ending of ['batches', 'log'] as const)
    await disk.remove(segmentPath(directory, base, `${ending}.cleaned`));
}

/** At start: finishes what was decided, removes what was not. True where the directory has other files now. */
export async function recoverSwaps(disk: Disk, directory: string, names: readonly string[]): Promise<boolean> {
  const decided = offsetsInNames(names, 'swap');
  for (const base of decided) {
    const path = segmentPath(directory, base, 'swap');
    const bytes = await disk.readFile(path);
    const text = bytes === null ? null : openText(bytes);
    if (text === null) {
      throw new MillraceError(
        logErrors.corrupt,
        `${path} fails its check, so it is not known which segments compaction replaced. Bring the partition's directory back from a backup.`,
      );
    }
    const swap = { directory, base, replaced: text.trim().split(' ').map(Number) };
    await placeCleaned(disk, swap);
    await removeReplaced(disk, swap);
  }
  const garbage = names.filter(
    (name) => name.endsWith('.cleaned') && !decided.some((base) => name.startsWith(String(base).padStart(20, '0'))),
  );
  const logs = new Set(offsetsInNames(names, 'log'));
  const tables = offsetsInNames(names, 'batches').filter((base) => !logs.has(base) && !decided.includes(base));
  for (const base of tables) garbage.push(segmentPath(directory, base, 'batches').slice(directory.length + 1));
  for (const name of garbage) await disk.remove(join(directory, name));
  return decided.length > 0 || garbage.length > 0;
}

/** Keeps readers off a partition's files while they change their owners. */
export class SwapGate {
  /** Moves at the beginning and at the end of each swap. */
  generation = 0;
  /** A swap was decided and did not come to its end: what the files are is known to the next start only. */
  isBroken = false;
  private running: Promise<void> | null = null;

  async run(job: () => Promise<void>): Promise<void> {
    this.generation += 1;
    const over = job().finally(() => {
      this.generation += 1;
      this.running = null;
    });
    this.running = over.catch(() => undefined);
    await over;
  }

  /** Resolves when no swap is under way. */
  async settled(): Promise<void> {
    while (this.running !== null) await this.running;
  }
}
