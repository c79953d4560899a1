/** How many tasks a living worker has that are not pinned to one. */
export interface WorkerLoad {
  readonly id: string;
  readonly tasks: number;
  /** It has joined a short while ago: others make room for it. */
  readonly isNew: boolean;
}

export interface TaskShare {
  /** So many of the free tasks it may take. */
  readonly take: number;
  /** So many of its tasks it is to give up. */
  readonly give: number;
}

/**
 * What a worker takes and gives so that all living ones have the same number of tasks, within one. Tasks that nobody has go to those who have
 * least; a task that runs is moved only for a worker that has just joined, so that adding and removing connectors stops nothing else.
 */
export function shareOf(id: string, loads: readonly WorkerLoad[], free: number): TaskShare {
  const own = loads.find((load) => load.id === id)?.tasks ?? 0;
  const others = loads.filter((load) => load.id !== id);
  const count = others.length + 1;
  const total = others.reduce((sum, load) => sum + load.tasks, own) + free;
  const fair = Math.floor(total / count);
  const missing = (load: WorkerLoad): number => Math.max(0, fair - load.tasks);
  const kept = others.reduce((sum, load) => sum + missing(load), 0);
  const needed = Math.min(free, Math.max(0, fair - own));
  // One more where the number does not divide and the others have theirs.
  const more = total % count > 0 && own + needed <= fair && free - needed - kept > 0 ? 1 : 0;
  const wanted = others.reduce((sum, load) => sum + (load.isNew ? missing(load) : 0), 0) - free;
  return { take: needed + more, give: Math.max(0, Math.min(wanted, own - fair)) };
}
