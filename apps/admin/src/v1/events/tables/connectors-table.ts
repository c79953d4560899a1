import type { ConnectorKind } from '#control/connector';
import type { ConnectorLook } from '../looks/connectors-look.js';
import type { LiveConnector } from '../live-rows.js';
import type { LiveLooks } from '../live-looks.js';
import { rounded, roundedOrNull } from '../rates.js';
import { fieldOf, maxOf, numberOf, shortReason, sumOf, textOf } from '../said.js';
import { componentsOf } from './components.js';

export async function connectorRows(
  looks: LiveLooks,
  kind: ConnectorKind,
  atMs: number,
): Promise<Map<string, LiveConnector>> {
  const connectors = await looks.connectors.connectors();
  return new Map(
    [...connectors.values()]
      .filter(({ mark }) => mark.kind === kind)
      .map((look) => [look.mark.name, kind === 'sink' ? sinkRow(looks, look, atMs) : collectorRow(looks, look, atMs)]),
  );
}

/** As `GET /api/v1/sinks` tells the type. */
export function typeOf(looks: LiveLooks, { connector: { config } }: ConnectorLook): string {
  const written = config['connector.class'] ?? '';
  return looks.classes.find(written, config)?.name ?? written;
}

function sinkRow(looks: LiveLooks, look: ConnectorLook, atMs: number): LiveConnector {
  const { tasks, mark } = look;
  const isAtWork = tasks.some(({ state }) => state === 'RUNNING');
  const bytes = looks.rates.of(`sink ${mark.name} bytes`, sumOf(tasks, 'sink_record_bytes_total'), atMs);
  const lagMs = maxOf(tasks, 'lag_ms');
  return {
    type: typeOf(looks, look),
    target: mark.targetState,
    ...stateOf(look),
    records_per_second: isAtWork ? rounded(sumOf(tasks, 'sink_record_send_rate')) : null,
    bytes_per_second: isAtWork ? roundedOrNull(bytes) : null,
    lag_records: isAtWork ? sumOf(tasks, 'lag_records') : null,
    lag_seconds: isAtWork && lagMs !== null ? Math.round(lagMs / 1000) : null,
    commit_age_seconds: ageOf(
      tasks.map(({ lastSuccessAt }) => lastSuccessAt),
      atMs,
    ),
    batch_avg_seconds: secondsOf(maxOf(tasks, 'put_batch_avg_time_ms')),
    batch_max_seconds: secondsOf(maxOf(tasks, 'put_batch_max_time_ms')),
    failures: sumOf(tasks, 'total_record_failures'),
    retries: sumOf(tasks, 'total_retries'),
    dead_letters: sumOf(tasks, 'deadletterqueue_produce_requests'),
    reason: reasonOf(look),
  };
}

function collectorRow(looks: LiveLooks, look: ConnectorLook, atMs: number): LiveConnector {
  const { tasks, mark } = look;
  const isAtWork = tasks.some(({ state }) => state === 'RUNNING');
  const components = tasks.flatMap(componentsOf);
  const perSecond = looks.rates.of(`collector ${mark.name}`, sumOf(tasks, 'events_accepted'), atMs);
  const drains = components.filter(({ kind }) => kind === 'sink').map(({ lastEventAt }) => lastEventAt);
  return {
    type: 'collector',
    target: mark.targetState,
    ...stateOf(look),
    records_per_second: isAtWork ? roundedOrNull(perSecond) : null,
    bytes_per_second: null,
    // What its channels hold is what it has taken in and not given on.
    lag_records: isAtWork ? sumOf(tasks, 'channel_size') : null,
    lag_seconds: null,
    commit_age_seconds: ageOf(drains, atMs),
    batch_avg_seconds: null,
    batch_max_seconds: null,
    failures: sumOf(tasks, 'channel_write_failures') + sumOf(tasks, 'sink_failures'),
    retries: 0,
    dead_letters: 0,
    reason: reasonOf(look),
  };
}

export function stateOf({ tasks, mark }: ConnectorLook): Pick<LiveConnector, 'state' | 'tasks'> {
  const counts: Record<string, number> = {};
  for (const { state } of tasks) counts[state] = (counts[state] ?? 0) + 1;
  if ((counts['FAILED'] ?? 0) > 0) return { state: 'FAILED', tasks: counts };
  if (mark.targetState !== 'RUNNING') return { state: mark.targetState, tasks: counts };
  return { state: tasks.length === (counts['UNASSIGNED'] ?? 0) ? 'UNASSIGNED' : 'RUNNING', tasks: counts };
}

/** What it failed with or waits for; null while all is well. */
export function reasonOf({ tasks, mark }: ConnectorLook): string | null {
  for (const { state, trace, details } of tasks) {
    const message = textOf(fieldOf(details['lastError'], 'message'));
    if (state === 'FAILED') return shortReason(trace ?? message ?? 'The task failed.');
    if (state === 'RESTARTING') return shortReason(`Starts again after: ${trace ?? message ?? 'a failure'}`);
    if (details['degraded'] === true) return shortReason(`The store does not take records: ${message ?? 'it is away'}`);
  }
  if (mark.targetState === 'PAUSED') return 'Paused by somebody; what comes waits in the topic.';
  if (mark.targetState === 'STOPPED') return 'Stopped by somebody; it has no tasks.';
  if (tasks.every(({ state }) => state === 'UNASSIGNED')) return 'No worker has taken it yet.';
  const refusal = tasks.map(({ kind, details }) =>
    kind === 'source' ? textOf(fieldOf(details['lastError'], 'message')) : textOf(details['activity']),
  );
  const failed = tasks.flatMap(componentsOf).find(({ error }) => error !== null);
  const said = refusal.find((text) => text !== null) ?? null;
  if (said !== null) return shortReason(said);
  return failed === undefined ? null : shortReason(`${failed.kind} ${failed.name}: ${failed.error ?? ''}`);
}

/** Whole seconds up to a minute, then tens: what is old does not have to be told each second. */
function ageOf(times: readonly (number | null)[], atMs: number): number | null {
  const newest = Math.max(0, ...times.map((time) => numberOf(time) ?? 0));
  if (newest === 0) return null;
  const seconds = Math.max(0, Math.round((atMs - newest) / 1000));
  return seconds < 60 ? seconds : Math.floor(seconds / 10) * 10;
}

function secondsOf(ms: number | null): number | null {
  return ms === null ? null : Number((ms / 1000).toPrecision(2));
}
