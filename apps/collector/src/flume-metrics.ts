/** The counters of an agent as Flume's monitoring shows them: its groups, its names, every value a string. */
import type { AgentStatus } from '#pipeline/agent';
import type { ComponentStatus } from '#pipeline/agent-component';

type Kind = ComponentStatus['kind'];

/** Attributes of Flume's counter groups, as its JMX beans have them. */
const counters: Readonly<Record<Kind, readonly string[]>> = {
  source: [
    'EventReceivedCount',
    'EventAcceptedCount',
    'AppendReceivedCount',
    'AppendAcceptedCount',
    'AppendBatchReceivedCount',
    'AppendBatchAcceptedCount',
    'OpenConnectionCount',
    'EventReadFail',
    'ChannelWriteFail',
    'GenericProcessingFail',
  ],
  sink: [
    'ConnectionCreatedCount',
    'ConnectionClosedCount',
    'ConnectionFailedCount',
    'BatchEmptyCount',
    'BatchUnderflowCount',
    'BatchCompleteCount',
    'EventDrainAttemptCount',
    'EventDrainSuccessCount',
    'EventWriteFail',
    'ChannelReadFail',
  ],
  channel: [
    'ChannelSize',
    'ChannelCapacity',
    'ChannelFillPercentage',
    'EventPutAttemptCount',
    'EventPutSuccessCount',
    'EventTakeAttemptCount',
    'EventTakeSuccessCount',
  ],
};

/** What some types have besides. */
const furtherCounters: Readonly<Record<string, readonly string[]>> = {
  'source kafka': ['KafkaEventGetTimer', 'KafkaCommitTimer', 'KafkaEmptyCount'],
  'sink kafka': ['KafkaEventSendTimer', 'RollbackCount'],
  'channel kafka': ['KafkaEventGetTimer', 'KafkaEventSendTimer', 'KafkaCommitTimer', 'RollbackCount'],
  'channel file': [
    'Closed',
    'Unhealthy',
    'EventPutErrorCount',
    'EventTakeErrorCount',
    'CheckpointWriteErrorCount',
    'CheckpointBackupWriteErrorCount',
  ],
};

/** Components that have no counter group in Flume. A sink processor has none either. */
const withoutGroup = new Set([
  ...['netcat', 'netcatudp', 'stress'].map((type) => `source ${type}`),
  ...['null', 'logger', 'irc', 'default', 'failover', 'load_balance'].map((type) => `sink ${type}`),
]);

const gauges = new Set([
  'StartTime',
  'StopTime',
  'OpenConnectionCount',
  'ChannelSize',
  'ChannelCapacity',
  'ChannelFillPercentage',
  'Open',
  'Closed',
  'Unhealthy',
]);

/** `{"CHANNEL.c1": {"ChannelSize": "0", …}}`, as `GET /metrics` of a Flume agent answers it. */
export function flumeMetrics(status: AgentStatus): Record<string, Record<string, string>> {
  const groups: Record<string, Record<string, string>> = {};
  for (const component of status.components) {
    if (withoutGroup.has(`${component.kind} ${component.type}`)) continue;
    groups[`${component.kind.toUpperCase()}.${component.name}`] = groupOf(component);
  }
  return groups;
}

function groupOf(component: ComponentStatus): Record<string, string> {
  const { kind, type, state } = component;
  const names = [...counters[kind], ...(furtherCounters[`${kind} ${type}`] ?? [])];
  const isOpen = state === 'RUNNING';
  return {
    Type: kind.toUpperCase(),
    StartTime: String(component.startedAt),
    StopTime: String(component.stoppedAt),
    ...Object.fromEntries(names.map((name) => [name, valueOf(component, name)])),
    ...(kind === 'channel' && type === 'file' ? { Open: String(isOpen), Closed: isOpen ? '0' : '1' } : {}),
  };
}

function valueOf({ counters: values }: ComponentStatus, name: string): string {
  const value = values[name] ?? 0;
  return name === 'ChannelFillPercentage' ? javaDouble(value) : String(value);
}

/** As Java's `Double.toString` has it: `0.0`, `12.5`, `5.0E-4`. */
function javaDouble(value: number): string {
  if (value !== 0 && Math.abs(value) < 1e-3) {
    const [digits = '', exponent = ''] = value.toExponential().split('e');
    return `${digits.includes('.') ? digits : `${digits}.0`}E${Number(exponent)}`;
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/**
 * The same for Prometheus, by the names of Flume's own exporter (`Flume_EventReceivedCount_total{component="r1"}`), of all components, with
 * the counters that Flume does not have.
 */
export function prometheusMetrics(status: AgentStatus): string {
  const families = new Map<string, string[]>();
  const add = (component: ComponentStatus, name: string, value: number): void => {
    const isGauge = gauges.has(name);
    const family = `${`Flume_${name}`.replaceAll(/[^A-Za-z0-9_]/g, '_')}${isGauge ? '' : '_total'}`;
    const lines = families.get(family) ?? [`# TYPE ${family} ${isGauge ? 'gauge' : 'counter'}\n`];
    const labels = { component: component.name, type: component.kind.toUpperCase(), agent: status.agent };
    const text = Object.entries(labels).map(([label, of]) => `${label}="${of.replaceAll(/[\\"\n]/g, '_')}"`);
    lines.push(`${family}{${text.join()}} ${value}\n`);
    families.set(family, lines);
  };
  for (const component of status.components) {
    const { kind, type, state } = component;
    const known = [...counters[kind], ...(furtherCounters[`${kind} ${type}`] ?? [])];
    for (const name of new Set([...known, ...Object.keys(component.counters)])) {
      // A size that a channel does not know is not zero.
      if (!name.startsWith('Channel') || component.counters[name] !== undefined || name === 'ChannelWriteFail') {
        add(component, name, component.counters[name] ?? 0);
      }
    }
    add(component, 'StartTime', component.startedAt);
    add(component, 'StopTime', component.stoppedAt);
    add(component, 'Open', state === 'RUNNING' ? 1 : 0);
  }
  return [...families.values()].map((lines) => lines.join('')).join('');
}
