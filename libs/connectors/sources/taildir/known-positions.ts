import type { FoundFile } from './file-finder.js';
import type { FilePosition } from './position-file.js';

/** Positions of files that are not there any more; older ones are forgotten. */
const keptMax = 1000;

/**
 * Positions of files that are not under the tail: of before the start, and of files that are gone and may come back under another name.
 * By inode; several where it was reused.
 */
export class KnownPositions {
  private readonly byInode = new Map<number, FilePosition[]>();
  private count = 0;

  get all(): FilePosition[] {
    return [...this.byInode.values()].flat();
  }

  add(position: FilePosition): void {
    const known = this.byInode.get(position.inode);
    if (known === undefined) this.byInode.set(position.inode, [position]);
    else known.push(position);
    this.count += 1;
  }

  /** Takes out what may be the position of a file: the same inode, and not more bytes than it has. */
  candidates(found: FoundFile): readonly FilePosition[] {
    return this.byInode.get(found.inode) ?? [];
  }

  delete(position: FilePosition): void {
    const known = this.byInode.get(position.inode);
    if (known === undefined || !known.includes(position)) return;
    this.count -= 1;
    const left = known.filter((other) => other !== position);
    if (left.length === 0) this.byInode.delete(position.inode);
    else this.byInode.set(position.inode, left);
  }

  /** Drops the oldest where there are too many; gives those. */
  trim(): FilePosition[] {
    const dropped: FilePosition[] = [];
    while (this.count > keptMax) {
      const [oldest] = this.byInode.values();
      const position = oldest?.[0];
      if (position === undefined) break;
      this.delete(position);
      dropped.push(position);
    }
    return dropped;
  }
}

export function keyOf(position: Pick<FilePosition, 'device' | 'inode'>): string {
  return `${position.device}:${position.inode}`;
}
