import { resolveReferences } from '#config/references';
import type { LiveDeadLetters, LiveJob, LiveWorker } from '../live-rows.js';
import type { LiveLooks } from '../live-looks.js';
import { rounded } from '../rates.js';
import { endOf, recordsOf } from './topics-table.js';

const jobsMax = 200;
/** How long a job that has ended is shown, ms. */
const endedShownMs = 10 * 60_000;
/** A worker that is about to be forgotten says nothing for longer than this, ms. */
const silentMs = 5_000;

/** Those that are open, and those that have ended in the last ten minutes. */
export async function jobRows(looks: LiveLooks, atMs: number): Promise<Map<string, LiveJob>> {
  const jobs = await looks.jobs.list({ limit: jobsMax });
  return new Map(
    jobs
      .filter(({ finishedAt }) => finishedAt === null || atMs - finishedAt.getTime() < endedShownMs)
      .map(({ id, type, state, progress: { done, total, unit, rate, etaSeconds } }) => [
        id,
        { type, state, done, total, unit, rate: rounded(rate), eta_seconds: etaSeconds },
      ]),
  );
}

/** Sinks with a dead-letter topic that is there; a topic that several share counts for each. */
export async function deadLetterRows(looks: LiveLooks, atMs: number): Promise<Map<string, LiveDeadLetters>> {
  const [topics, connectors] = await Promise.all([looks.topics.topics(), looks.connectors.connectors()]);
  const rows = new Map<string, LiveDeadLetters>();
  for (const { connector } of connectors.values()) {
    const name = deadLetterTopicOf(connector.config, looks.environment);
    const topic = name === null ? undefined : topics.get(name);
    if (topic === undefined) continue;
    const perSecond = looks.rates.of(`dead letters ${connector.name}`, endOf(topic), atMs) ?? 0;
    rows.set(connector.name, { topic: topic.name, records: recordsOf(topic), in_per_second: rounded(perSecond) });
  }
  return rows;
}

export function deadLetterTopicOf(
  config: Readonly<Record<string, string>>,
  environment: LiveLooks['environment'],
): string | null {
  const written = config['errors.deadletterqueue.topic.name']?.trim() ?? '';
  if (written === '' || (config['consumer.override.bootstrap.servers'] ?? '').trim() !== '') return null;
  try {
    return resolveReferences({ written }, environment)['written'] ?? null;
  } catch {
    return null;
  }
}

/** By `sink/id` and `collector/id`. */
export async function workerRows(looks: LiveLooks, atMs: number): Promise<Map<string, LiveWorker>> {
  const [workers, connectors] = await Promise.all([looks.connectors.workers(), looks.connectors.connectors()]);
  const counts = new Map<string, number>();
  for (const { kind, workerId } of [...connectors.values()].flatMap(({ tasks }) => tasks)) {
    counts.set(`${kind}/${workerId}`, (counts.get(`${kind}/${workerId}`) ?? 0) + 1);
  }
  return new Map(
    workers.map(({ id, kind, isDrained, seenAt }) => {
      const shown = kind === 'sink' ? 'sink' : 'collector';
      const isSilent = atMs - seenAt.getTime() > silentMs;
      const state = isSilent ? 'silent' : isDrained ? 'drained' : 'running';
      return [`${shown}/${id}`, { kind: shown, state, tasks: counts.get(`${kind}/${id}`) ?? 0 }];
    }),
  );
}
