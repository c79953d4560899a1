/** Kafka Connect's own JSON for connectors and tasks, keys in its order. */
import { z } from 'zod';
import type { Connector } from '#control/connector';
import type { ConnectorStatus, TaskStatus } from '#control/task';
import type { ConnectorClasses } from './connector-class.js';
import { hideSecrets, hideUrls } from './secrets.js';

export function connectorInfo(classes: ConnectorClasses, connector: Connector) {
  const count = connector.targetState === 'STOPPED' ? 0 : connector.tasksMax;
  return {
    name: connector.name,
    config: shownConfig(classes, connector),
    tasks: Array.from({ length: count }, (_, task) => ({ connector: connector.name, task })),
    type: connector.kind,
  };
}

export function shownConfig(classes: ConnectorClasses, connector: Connector): Record<string, string> {
  const known = classes.find(connector.config['connector.class'] ?? '', connector.config);
  return hideSecrets(known?.options ?? {}, connector.config);
}

export function connectorStatus(status: ConnectorStatus, version: string) {
  return {
    name: status.name,
    connector: { state: status.state, worker_id: status.workerId ?? '', version },
    tasks: status.tasks.map((task) => taskStatus(task, version)),
    type: status.kind,
  };
}

/**
 * Behind Connect's own keys come some of ours: what the last failure said, also of a task that tries again; the guarantee; and where there is
 * something to tell, what it does (`SLEEPING until …`), that its store is away, its breaker, its limits, its times of work, its restarts.
 */
export function taskStatus(task: TaskStatus, version: string) {
  const { lastError, guarantee, activity, degraded, breaker, rateLimit, batchMode, restart } = saidOf(task.details);
  return {
    id: task.task,
    state: task.state,
    worker_id: task.workerId ?? '',
    version,
    ...(task.trace === null || task.trace === '' ? {} : { trace: hideUrls(task.trace) }),
    ...(lastError ? { last_error: hideUrls(lastError.message) } : {}),
    ...(guarantee ? { guarantee } : {}),
    ...(activity ? { activity } : {}),
    ...(degraded === true ? { degraded } : {}),
    ...(breaker && breaker !== 'closed' ? { breaker } : {}),
    ...(rateLimit ? { rate_limit: rateLimit } : {}),
    ...(batchMode ? { batch_mode: batchMode } : {}),
    ...(restart && restart.used > 0 ? { restart } : {}),
  };
}

/** Decoding ten thousand reports takes as long as reading them: most say only their guarantee, or nothing. */
function saidOf(details: TaskStatus['details']): Partial<z.output<typeof reported>> {
  const keys = Object.keys(details).filter((key) => Object.hasOwn(reported.shape, key) && details[key] !== null);
  const [guarantee, breaker] = [details['guarantee'], details['breaker']];
  const isPlain = keys.every((key) => key === 'guarantee' || (key === 'breaker' && breaker === 'closed'));
  if (!isPlain) return reported.parse(details);
  return typeof guarantee === 'string' ? { guarantee } : {};
}

const reported = z.object({
  lastError: z.object({ message: z.string() }).nullish().catch(null),
  guarantee: z.string().nullish().catch(null),
  activity: z.string().nullish().catch(null),
  degraded: z.boolean().nullish().catch(null),
  breaker: z.string().nullish().catch(null),
  rateLimit: z
    .object({ recordsPerSecond: z.number(), bytesPerSecond: z.number(), waitMs: z.number() })
    .nullish()
    .catch(null),
  batchMode: z.looseObject({ state: z.string() }).nullish().catch(null),
  restart: z.object({ used: z.number(), max: z.number(), at: z.string().nullable() }).nullish().catch(null),
});
