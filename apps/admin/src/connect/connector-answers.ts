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

/** Behind Connect's own keys come two of ours: what the last failure said, also of a task that tries again, and the guarantee. */
export function taskStatus(task: TaskStatus, version: string) {
  const { lastError, guarantee } = reported.parse(task.details);
  return {
    id: task.task,
    state: task.state,
    worker_id: task.workerId ?? '',
    version,
    ...(task.trace === null || task.trace === '' ? {} : { trace: hideUrls(task.trace) }),
    ...(lastError ? { last_error: hideUrls(lastError.message) } : {}),
    ...(guarantee ? { guarantee } : {}),
  };
}

const reported = z.object({
  lastError: z.object({ message: z.string() }).nullish().catch(null),
  guarantee: z.string().nullish().catch(null),
});
