import { join } from 'node:path';
import type { Disk } from '#std/disk';
import type { Logger } from '#std/log';
import { openText, replaceFile, sealText } from './durable-file.js';
import type { PartitionLog } from './partition-log.js';
import type { PartitionMark } from './partition-recovery.js';

/**
 * The two small tables beside the partitions: how far each is known to be durable, and where those begin whose start was moved.
 * A line a partition: directory, topic id, numbers. A table that fails its check counts as empty: marks are then
 * found again by reading the segments, and log starts by what files are left.
 */
const marksName = 'recovery-point-offset-checkpoint';
const startsName = 'log-start-offset-checkpoint';

export interface KeptPartition {
  readonly topicId: string;
  readonly mark: PartitionMark | null;
  readonly logStartOffset: number;
}

export class Checkpoints {
  private readonly markRows = new WeakMap<PartitionLog, { readonly mark: PartitionMark; readonly row: string }>();

  constructor(
    private readonly disk: Disk,
    private readonly root: string,
    private readonly logger: Logger,
  ) {}

  /** By directory name and topic id, as `keyOf` makes it. */
  async read(): Promise<Map<string, KeptPartition>> {
    const kept = new Map<string, KeptPartition>();
    for (const [name, topicId, ...numbers] of await this.readTable(marksName)) {
      const [recoveryPoint, segmentBase, position, indexRows, snapshotOffset] = numbers.map(Number);
      if (name === undefined || topicId === undefined || snapshotOffset === undefined) continue;
      const mark = { recoveryPoint, segmentBase, position, indexRows, snapshotOffset } as PartitionMark;
      kept.set(keyOf(name, topicId), { topicId, mark, logStartOffset: 0 });
    }
    for (const [name, topicId, start] of await this.readTable(startsName)) {
      if (name === undefined || topicId === undefined || start === undefined) continue;
      const mark = kept.get(keyOf(name, topicId))?.mark ?? null;
      kept.set(keyOf(name, topicId), { topicId, mark, logStartOffset: Number(start) });
    }
    return kept;
  }

  async writeMarks(partitions: Iterable<PartitionLog>): Promise<void> {
    const rows: string[] = [];
    for (const partition of partitions) if (partition.mark !== null) rows.push(this.markRow(partition, partition.mark));
    await replaceFile(this.disk, join(this.root, marksName), sealText(rows.join('')));
  }

  async writeStarts(partitions: Iterable<PartitionLog>): Promise<void> {
    const rows: string[] = [];
    for (const partition of partitions) {
      const { identity, logStartOffset } = partition;
      if (logStartOffset > 0) rows.push(`${identity.name} ${identity.topicId} ${logStartOffset}\n`);
    }
    await replaceFile(this.disk, join(this.root, startsName), sealText(rows.join('')));
  }

  /** Of thousands of partitions only a few moved since the last time: the rows of the others are kept. */
  private markRow(partition: PartitionLog, mark: PartitionMark): string {
    const known = this.markRows.get(partition);
    if (known?.mark === mark) return known.row;
    const { name, topicId } = partition.identity;
    const { recoveryPoint, segmentBase, position, indexRows, snapshotOffset } = mark;
    const row = `${name} ${topicId} ${recoveryPoint} ${segmentBase} ${position} ${indexRows} ${snapshotOffset}\n`;
    this.markRows.set(partition, { mark, row });
    return row;
  }

  private async readTable(name: string): Promise<string[][]> {
    const path = join(this.root, name);
    const bytes = await this.disk.readFile(path);
    if (bytes === null) return [];
    const text = openText(bytes);
    if (text === null) {
      this.logger.error('A checkpoint file fails its check and is made anew.', { file: path });
      return [];
    }
    return text.split('\n').flatMap((line) => (line === '' ? [] : [line.split(' ')]));
  }
}

export function keyOf(name: string, topicId: string): string {
  return `${name} ${topicId}`;
}
