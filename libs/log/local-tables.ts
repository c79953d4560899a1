import { join } from 'node:path';
import { assert } from '#std/assert';
import type { Disk } from '#std/disk';
import { MillraceError, messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import type { DurableTable } from './engine.js';
import { logErrors } from './errors.js';
import { Journal } from './journal.js';

type Changes = Parameters<DurableTable['put']>[0];

export interface TablePorts {
  readonly disk: Disk;
  readonly logger: Logger;
  readonly directory: string;
}

const ending = '.journal';

/**
 * The engine's small tables, one journal each in a directory of their own. Those with a file are read at open; another one is empty,
 * and its file is made by its first change, so that asking for a table never waits.
 */
export class LocalTables {
  private readonly tables = new Map<string, LocalTable>();

  constructor(private readonly ports: TablePorts) {}

  async open(): Promise<void> {
    const { disk, directory } = this.ports;
    await disk.makeDirectory(directory);
    for (const name of await disk.list(directory)) if (name.endsWith(ending)) this.of(name.slice(0, -ending.length));
    for (const table of this.tables.values()) await table.open();
  }

  async close(): Promise<void> {
    for (const table of this.tables.values()) await table.close();
  }

  /** The same object for the same name; empty before `open`. Names become file names. */
  of(name: string): DurableTable {
    assert(/^[a-z0-9][a-z0-9-]*$/.test(name), 'a table is named by small letters, digits and dashes');
    let table = this.tables.get(name);
    if (table === undefined) {
      table = new LocalTable(this.ports, name);
      this.tables.set(name, table);
    }
    return table;
  }
}

class LocalTable implements DurableTable {
  private readonly rows = new Map<string, Buffer>();
  private readonly journal: Journal;
  private opening: Promise<void> | null = null;

  constructor(
    { disk, logger, directory }: TablePorts,
    private readonly name: string,
  ) {
    this.journal = new Journal({
      disk,
      logger,
      path: join(directory, `${name}${ending}`),
      replay: (entry) => this.apply(decodeChanges(entry)),
      snapshot: () => [...this.rows].map(([key, value]) => encodeChanges([{ key, value }])),
    });
  }

  /** One attempt at a time; after a failed one the next change tries again. */
  open(): Promise<void> {
    this.opening ??= this.journal.open().catch((error: unknown) => {
      this.opening = null;
      throw error;
    });
    return this.opening;
  }

  async close(): Promise<void> {
    if (this.opening !== null) await this.journal.close();
  }

  get(key: string): Buffer | null {
    return this.rows.get(key) ?? null;
  }

  entries(): IterableIterator<[string, Buffer]> {
    return this.rows.entries();
  }

  async put(changes: Changes): Promise<void> {
    if (changes.length === 0) return;
    const entry = encodeChanges(changes);
    // What is read back later is what was written, whatever the caller does with its buffers.
    const applied = decodeChanges(entry);
    try {
      await this.open();
      await this.journal.append(entry, () => this.apply(applied));
    } catch (error) {
      throw new MillraceError(logErrors.storage, `Table ${this.name} cannot be changed: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  private apply(changes: Changes): void {
    for (const { key, value } of changes) {
      if (value === null) this.rows.delete(key);
      else this.rows.set(key, value);
    }
  }
}

/** Each change: `u32 key bytes, key, i32 value bytes (-1: removed), value`, big endian. */
function encodeChanges(changes: Changes): Buffer {
  return Buffer.concat(
    changes.flatMap(({ key, value }) => {
      const name = Buffer.from(key);
      const lengths = [Buffer.allocUnsafe(4), Buffer.allocUnsafe(4)] as const;
      lengths[0].writeUInt32BE(name.length);
      lengths[1].writeInt32BE(value?.length ?? -1);
      return value === null ? [lengths[0], name, lengths[1]] : [lengths[0], name, lengths[1], value];
    }),
  );
}

function decodeChanges(entry: Buffer): Changes {
  const changes: { key: string; value: Buffer | null }[] = [];
  for (let at = 0; at < entry.length;) {
    const keyEnd = at + 4 + entry.readUInt32BE(at);
    const key = entry.toString('utf8', at + 4, keyEnd);
    const length = entry.readInt32BE(keyEnd);
    at = keyEnd + 4 + Math.max(0, length);
    changes.push({ key, value: length < 0 ? null : Buffer.from(entry.subarray(keyEnd + 4, at)) });
  }
  return changes;
}
