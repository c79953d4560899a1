/** Which server has which rows of a table. */
export interface Region {
  /** As requests name it. */
  readonly name: Buffer;
  /** Inclusive; empty at the table's start. */
  readonly startKey: Buffer;
  /** Exclusive; empty at the table's end. */
  readonly endKey: Buffer;
  /** `host:port`. */
  readonly server: string;
}

/** Regions that were looked up, by table; forgotten when a server says that it has a region no more. */
export class RegionCache {
  private readonly tables = new Map<string, Region[]>();

  find(table: string, row: Buffer): Region | null {
    const regions = this.tables.get(table) ?? [];
    let low = 0;
    let high = regions.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const region = regions[middle];
      if (region === undefined) return null;
      if (row.compare(region.startKey) < 0) high = middle - 1;
      else if (region.endKey.length > 0 && row.compare(region.endKey) >= 0) low = middle + 1;
      else return region;
    }
    return null;
  }

  add(table: string, region: Region): void {
    const others = (this.tables.get(table) ?? []).filter((other) => !overlaps(other, region));
    this.tables.set(
      table,
      [...others, region].toSorted((left, right) => left.startKey.compare(right.startKey)),
    );
  }

  forget(table: string): void {
    this.tables.delete(table);
  }
}

function overlaps(left: Region, right: Region): boolean {
  const isBefore = (one: Region, other: Region): boolean =>
    one.endKey.length > 0 && one.endKey.compare(other.startKey) <= 0;
  return !isBefore(left, right) && !isBefore(right, left);
}
