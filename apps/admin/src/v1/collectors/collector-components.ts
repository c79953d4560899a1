/** The components of a collector: as its flume.conf wants them, with what its worker last said of each. */
import { z } from 'zod';
import type { TargetState } from '#control/connector';
import type { AgentPlan } from '#pipeline/flume-plan';
import { hideUrls } from '../../connect/secrets.js';
import type { ComponentView } from './component-schemas.js';

const count = z.number().catch(0);
const reportedComponent = z.object({
  kind: z.enum(['source', 'channel', 'sink']),
  name: z.string(),
  type: z.string(),
  state: z.enum(['RUNNING', 'STARTING', 'FAILED', 'STOPPED']),
  error: z.string().nullable().catch(null),
  counters: z.record(z.string(), z.number()).catch({}),
  lastEventAt: count,
  startedAt: count,
  interceptors: z
    .array(z.object({ name: z.string(), type: z.string(), received: count, passed: count, failed: count }))
    .catch([]),
});
type Reported = z.output<typeof reportedComponent>;

export const reportedAgent = z.object({
  agent_state: z.string().nullable().catch(null),
  running_revision: z.coerce.number().int().nullable().catch(null),
  components: z.array(reportedComponent).catch([]),
});

type Wanted = Pick<ComponentView, 'kind' | 'name' | 'source' | 'type' | 'takes_from' | 'puts_into'>;

/** How full a channel is before it is said to be a reason. */
const nearlyFull = 0.9;

/** `plan` null: the text has errors here; then what its worker said is all there is. `components` empty: nothing runs. */
export function componentViews(
  plan: AgentPlan | null,
  target: TargetState,
  components: readonly Reported[],
): ComponentView[] {
  const wanted = plan === null ? [] : wantedComponents(plan);
  const isWanted = ({ kind, name }: Reported): boolean => wanted.some((one) => one.kind === kind && one.name === name);
  // What only its worker could read of the text: types of one's own.
  const further = components.filter((component) => !isWanted(component)).flatMap(unplanned);
  const full = new Set(components.filter((one) => fillOf(one) >= nearlyFull).map(({ name }) => name));
  return [...wanted, ...further].map((one) => viewOf(one, target, { components, full }));
}

function wantedComponents(plan: AgentPlan): Wanted[] {
  const alone = { source: null, takes_from: [], puts_into: [] };
  const grouped = new Set(plan.sinkGroups.flatMap(({ sinks }) => sinks));
  return [
    ...plan.sources.flatMap(({ name, type, channels, interceptors }): Wanted[] => [
      { ...alone, kind: 'source', name, type: type.name, puts_into: [...channels] },
      ...interceptors.map((one): Wanted => ({
        ...alone,
        kind: 'interceptor',
        name: one.name,
        source: name,
        type: one.type.name,
      })),
    ]),
    ...plan.channels.map(({ name, type }): Wanted => ({ ...alone, kind: 'channel', name, type: type.name })),
    ...plan.sinkGroups.map(({ name, processor, sinks }): Wanted => {
      const channel = plan.sinks.find((sink) => sinks.includes(sink.name))?.channel;
      return {
        ...alone,
        kind: 'sink',
        name,
        type: processor.type,
        takes_from: channel === undefined ? [] : [channel],
      };
    }),
    ...plan.sinks.map(({ name, type, channel }): Wanted => {
      const takes_from = grouped.has(name) ? [] : [channel];
      return { ...alone, kind: 'sink', name, type: type.name, takes_from };
    }),
  ];
}

function unplanned({ kind, name, type, interceptors }: Reported): Wanted[] {
  const alone = { source: null, takes_from: [], puts_into: [] };
  return [
    { ...alone, kind, name, type },
    ...interceptors.map((one): Wanted => ({
      ...alone,
      kind: 'interceptor',
      name: one.name,
      source: name,
      type: one.type,
    })),
  ];
}

interface Surroundings {
  readonly components: readonly Reported[];
  /** Channels that are nearly full. */
  readonly full: ReadonlySet<string>;
}

function viewOf(wanted: Wanted, target: TargetState, { components, full }: Surroundings): ComponentView {
  const isInterceptor = wanted.kind === 'interceptor';
  const [kind, name] = isInterceptor ? ['source', wanted.source] : [wanted.kind, wanted.name];
  const found = components.find((one) => one.kind === kind && one.name === name);
  if (found === undefined) return { ...wanted, ...idle(target) };
  const base = {
    ...wanted,
    state: found.state,
    size: null,
    capacity: null,
    fill: null,
    last_event_at: instant(found.lastEventAt),
    started_at: instant(found.startedAt),
  };
  const { counters } = found;
  const of = (...names: string[]): number => names.reduce((sum, counter) => sum + (counters[counter] ?? 0), 0);
  switch (wanted.kind) {
    case 'interceptor': {
      const flow = found.interceptors.find((one) => one.name === wanted.name);
      const { received = 0, passed = 0, failed = 0 } = flow ?? {};
      // An interceptor may also make several of one.
      const dropped = Math.max(0, received - passed - failed);
      const reason = failed > 0 ? `It threw for ${failed} events, which its source gives again.` : null;
      return { ...base, reason, received, passed, dropped, failures: failed, counters: {} };
    }
    case 'source': {
      const fullOnes = wanted.puts_into.filter((channel) => full.has(channel));
      const waits = fullOnes.length > 0 ? `It waits for room in ${fullOnes.join(', ')}.` : null;
      return {
        ...base,
        reason: troubleOf(found) ?? waits,
        received: of('EventReceivedCount'),
        passed: of('EventAcceptedCount'),
        dropped: of('EventUnroutedCount', 'OptionalChannelDropCount', 'EventDroppedCount', 'EventsRejected'),
        failures: of('ChannelWriteFail', 'GenericProcessingFail', 'EventReadFail'),
        counters,
      };
    }
    case 'channel': {
      const { ChannelSize: size = null, ChannelCapacity: capacity = null } = counters;
      const fill = capacity === null || size === null || capacity === 0 ? null : size / capacity;
      const isFull = fill !== null && fill >= nearlyFull;
      return {
        ...base,
        reason: troubleOf(found) ?? (isFull ? 'Nearly full: sinks take less than sources give.' : null),
        received: of('EventPutSuccessCount'),
        passed: of('EventTakeSuccessCount'),
        dropped: 0,
        failures: 0,
        size,
        capacity,
        fill,
        counters,
      };
    }
    case 'sink':
      return {
        ...base,
        reason: troubleOf(found),
        received: of('EventDrainAttemptCount'),
        passed: of('EventDrainSuccessCount'),
        dropped: of('EventDroppedCount', 'EventsRejected', 'DeadLetterCount'),
        failures: of('EventWriteFail', 'ChannelReadFail', 'ConnectionFailedCount'),
        counters,
      };
  }
}

function idle(target: TargetState): Omit<ComponentView, keyof Wanted> {
  return {
    state: target === 'RUNNING' ? 'WAITING' : target,
    reason: target === 'RUNNING' ? 'No worker has said anything of it yet.' : null,
    received: null,
    passed: null,
    dropped: null,
    failures: null,
    size: null,
    capacity: null,
    fill: null,
    last_event_at: null,
    started_at: null,
    counters: {},
  };
}

function troubleOf({ state, error }: Reported): string | null {
  if (error === null) return state === 'FAILED' ? 'It did not start and is tried again.' : null;
  const text = hideUrls(error);
  return state === 'FAILED' ? `${text} It is tried again every 3 s.` : text;
}

function fillOf({ counters }: Reported): number {
  return (counters['ChannelFillPercentage'] ?? 0) / 100;
}

function instant(ms: number): string | null {
  return ms > 0 ? new Date(ms).toISOString() : null;
}
