/** Takes over what a file channel of Flume has left in the same folders, so that changing over needs no draining. */
import { readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ComponentContext } from '#pipeline/collector';
import { EventBatch } from '#pipeline/event-batch';
import { MillraceError, messageOf } from '#std/errors';
import { FlumeLog, flumeLogErrors, type FlumeEvent } from './flume-log.js';

/** In the first folder of the channel: what was taken over, or that it is under way. */
const stateName = 'flume.json';
const batchEvents = 1000;
const batchBytes = 1024 * 1024;

export interface FlumeTakeover {
  /** In the order of Flume's queue. */
  readonly batches: AsyncGenerator<EventBatch>;
  /** To be called when all of them are durable. */
  done(): Promise<void>;
}

interface LiveEvent {
  readonly file: number;
  readonly offset: number;
}

/**
 * The events that Flume's logs beside `queues` (the folder `queue` of each of `dataDirs`) still hold; null where there are none, or
 * where they were taken over before. Call before the queue is opened: what an interrupted takeover left in it is removed. Throws
 * `connectors.channel.flume-log`, also where Flume is still running on them.
 */
export async function flumeTakeover(
  queues: readonly string[],
  keys: ReadonlyMap<string, Buffer>,
  context: ComponentContext,
): Promise<FlumeTakeover | null> {
  const statePath = join(queues[0] ?? '', stateName);
  const state = await readState(statePath);
  const paths = await logsIn(queues.map((queue) => dirname(queue)));
  const fresh = paths.filter((path) => state?.logs.includes(path) !== true);
  if (state?.isDone === true) {
    if (fresh.length > 0)
      context.logger.warn('Flume has written more logs since its channel was taken over; they are not read.', {
        logs: fresh.join(', '),
      });
    return null;
  }
  if (paths.length === 0) return null;
  if (state === null && (await holdEvents(queues))) {
    context.logger.warn(
      "The folder has logs of Flume's file channel and events of this one: Flume's are not read. Let it drain its channel.",
    );
    return null;
  }
  for (const queue of queues) await refuseInUse(dirname(queue));
  if (state !== null) await removeQueues(queues);
  await writeState(statePath, { logs: paths, isDone: false });
  return {
    batches: readLogs(paths, keys, context),
    done: () => writeState(statePath, { logs: paths, isDone: true }),
  };
}

async function* readLogs(
  paths: readonly string[],
  keys: ReadonlyMap<string, Buffer>,
  context: ComponentContext,
): AsyncGenerator<EventBatch> {
  const logs = new Map<number, FlumeLog>();
  try {
    for (const path of paths) {
      const log = await FlumeLog.open(path, keys);
      logs.set(log.number, log);
    }
    const live = await findLive([...logs.values()]);
    context.logger.info(`Events of Flume's file channel are taken over: ${live.length}, from ${logs.size} logs.`);
    yield* readEvents(live, logs, context);
  } finally {
    for (const log of logs.values()) await log.close();
  }
}

/** Puts that were committed and not taken, or taken without a commit; transactions in the order of their commits. */
async function findLive(logs: readonly FlumeLog[]): Promise<LiveEvent[]> {
  const puts = new Map<number, LiveEvent[]>();
  const takes = new Map<number, string[]>();
  const commits: { readonly transaction: number; readonly order: number }[] = [];
  const taken = new Set<number>();
  for (const log of logs.toSorted((left, right) => left.number - right.number)) {
    for await (const record of log.records()) {
      if (record.type === 'put') push(puts, record.transaction, { file: log.number, offset: record.offset });
      else if (record.type === 'take') push(takes, record.transaction, keyOf(record));
      else if (record.of === 'put') commits.push(record);
      else taken.add(record.transaction);
    }
  }
  const gone = new Set([...taken].flatMap((transaction) => takes.get(transaction) ?? []));
  return commits
    .toSorted((left, right) => left.order - right.order)
    .flatMap(({ transaction }) => puts.get(transaction) ?? [])
    .filter((event) => !gone.has(keyOf(event)));
}

async function* readEvents(
  live: readonly LiveEvent[],
  logs: ReadonlyMap<number, FlumeLog>,
  context: ComponentContext,
): AsyncGenerator<EventBatch> {
  let events: FlumeEvent[] = [];
  let bytes = 0;
  for (const { file, offset } of live) {
    try {
      const event = await logs.get(file)?.event(offset);
      if (event === undefined) continue;
      events.push(event);
      bytes += event.body.length;
    } catch (error) {
      context.count('EventTakeErrorCount', 1);
      context.logger.error(`An event of Flume's file channel is damaged, and left out: ${messageOf(error)}`, {
        log: file,
        offset,
      });
    }
    if (events.length < batchEvents && bytes < batchBytes) continue;
    yield EventBatch.of(events);
    events = [];
    bytes = 0;
  }
  if (events.length > 0) yield EventBatch.of(events);
}

function keyOf({ file, offset }: LiveEvent): string {
  return `${file}:${offset}`;
}

function push<T>(lists: Map<number, T[]>, key: number, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

async function logsIn(folders: readonly string[]): Promise<string[]> {
  const paths: string[] = [];
  for (const folder of folders) {
    const names = await readdir(folder);
    paths.push(...names.filter((name) => /^log-\d+$/.test(name)).map((name) => join(folder, name)));
  }
  return paths.toSorted();
}

async function holdEvents(queues: readonly string[]): Promise<boolean> {
  for (const queue of queues) {
    const names = await readdir(queue);
    if (names.some((name) => name.endsWith('.queue'))) return true;
  }
  return false;
}

async function removeQueues(queues: readonly string[]): Promise<void> {
  for (const queue of queues) {
    for (const name of await readdir(queue)) if (name.endsWith('.queue')) await rm(join(queue, name));
  }
}

/** Flume's lock does not outlast its start, so its open logs are looked for, where the system shows them. */
async function refuseInUse(folder: string): Promise<void> {
  const processes = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  for (const process of processes) {
    if (!(await hasOpen(process, join(folder, 'log-')))) continue;
    throw new MillraceError(
      flumeLogErrors.unreadable,
      `The file channel in ${folder} is in use by a Flume that still runs, process ${process}. Stop it; its events are taken over then.`,
    );
  }
}

async function hasOpen(process: string, start: string): Promise<boolean> {
  const folder = `/proc/${process}/fd`;
  for (const name of await readdir(folder).catch(() => [])) {
    const target = await readlink(join(folder, name)).catch(() => '');
    if (target.startsWith(start)) return true;
  }
  return false;
}

interface TakeoverState {
  readonly logs: readonly string[];
  readonly isDone: boolean;
}

async function readState(path: string): Promise<TakeoverState | null> {
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return null;
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null || !('logs' in parsed) || !('isDone' in parsed)) return null;
  const logs = Array.isArray(parsed.logs) ? parsed.logs.filter((log): log is string => typeof log === 'string') : [];
  return { logs, isDone: parsed.isDone === true };
}

async function writeState(path: string, state: TakeoverState): Promise<void> {
  await writeFile(path, `${JSON.stringify(state)}\n`, { flush: true });
}
