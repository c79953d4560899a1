import { join } from 'node:path';
import type { Disk } from '#std/disk';
import { openText, replaceFile, sealText } from './durable-file.js';
import { ProducerState } from './producer-state.js';
import { offsetsInNames, segmentPath } from './segment.js';

/**
 * The small files of a partition's directory (`orders-3`): `partition.metadata` names the topic the data belongs to, so that a
 * topic made anew under an old name never sees them; `<offset>.snapshot` holds the producers as of that offset.
 */
/** Where files of deleted topics wait for their removal, in each data directory. */
export const deletedName = 'deleted';
const metadataName = 'partition.metadata';

/** Whose data lie in a directory: a topic id, `damaged` where the file fails its check, null where there is none. */
export async function readOwner(disk: Disk, directory: string): Promise<string | null> {
  const bytes = await disk.readFile(join(directory, metadataName));
  if (bytes === null) return null;
  const text = openText(bytes);
  return text === null ? 'damaged' : (/topic_id: (\S+)/.exec(text)?.[1] ?? 'damaged');
}

/** Makes the directory durable and ours. */
export async function makePartitionDirectory(
  disk: Disk,
  root: string,
  directory: string,
  topicId: string,
): Promise<void> {
  await disk.makeDirectory(directory);
  await replaceFile(disk, join(directory, metadataName), sealText(`version: 1\ntopic_id: ${topicId}\n`));
  await disk.syncDirectory(root);
}

/** Puts foreign data out of the way without removing them. */
export async function moveAway(disk: Disk, root: string, from: string, to: string): Promise<void> {
  await disk.makeDirectory(join(to, '..'));
  await disk.rename(from, to);
  await disk.syncDirectory(join(to, '..'));
  await disk.syncDirectory(root);
}

/** Durable when it resolves: what it holds may be in no segment any more. */
export async function writeSnapshot(disk: Disk, directory: string, offset: number, bytes: Buffer): Promise<void> {
  const file = await disk.open(segmentPath(directory, offset, 'snapshot'), 'append');
  try {
    await file.truncate(0);
    await file.write([bytes], 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.syncDirectory(directory);
}

/** Null where it is missing or bad. */
export async function readSnapshot(disk: Disk, directory: string, offset: number): Promise<ProducerState | null> {
  const bytes = await disk.readFile(segmentPath(directory, offset, 'snapshot'));
  return bytes === null ? null : ProducerState.decode(bytes);
}

export async function removeSnapshots(disk: Disk, directory: string, keptOffset: number): Promise<void> {
  for (const offset of offsetsInNames(await disk.list(directory), 'snapshot')) {
    if (offset !== keptOffset) await disk.remove(segmentPath(directory, offset, 'snapshot'));
  }
}
