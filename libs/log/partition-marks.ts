import { removeSnapshots, writeSnapshot } from './partition-files.js';
import type { PartitionLog } from './partition-log.js';

/**
 * Brings the partition's mark up to the high watermark: saves indexes and producers, so that a restart reads nothing below it. True
 * where the mark moved and belongs into the checkpoint file.
 */
export function saveMark(partition: PartitionLog): Promise<boolean> {
  return partition.turns.run(async () => {
    const { producers, highWatermark: recoveryPoint, ports } = partition;
    const active = partition.segments.at(-1);
    if (!partition.isLoaded || active === undefined || partition.mark?.recoveryPoint === recoveryPoint) return false;
    const position = active.size;
    producers.transactions.prune(partition.logStartOffset);
    const snapshotOffset = producers.isEmpty ? -1 : recoveryPoint;
    const snapshot = snapshotOffset < 0 ? null : producers.encode();
    const indexRows = await active.saveIndexes(ports.disk, { sync: false });
    const { directory } = partition.identity;
    if (snapshot !== null) await writeSnapshot(ports.disk, directory, recoveryPoint, snapshot);
    partition.mark = { recoveryPoint, segmentBase: active.baseOffset, position, indexRows, snapshotOffset };
    return true;
  });
}

/** Called when the checkpoint file with the mark is durable: older snapshots are of no use any more. */
export function removeOldSnapshots(partition: PartitionLog): Promise<void> {
  return partition.turns.run(async () => {
    const { mark, ports, identity } = partition;
    if (!partition.isLoaded || mark === null || partition.producers.isEmpty) return;
    await removeSnapshots(ports.disk, identity.directory, mark.snapshotOffset);
  });
}
