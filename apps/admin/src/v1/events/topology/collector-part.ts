/** A collector in the picture: its sources, interceptors, channels and sinks, with what each says of itself. */
import type { ConnectorLook } from '../looks/connectors-look.js';
import type { LiveLooks } from '../live-looks.js';
import type { FlowState } from '../live-rows.js';
import { componentsOf, type SaidComponent } from '../tables/components.js';
import { reasonOf, stateOf } from '../tables/connectors-table.js';
import { fieldOf, shortReason, textOf } from '../said.js';
import { wiringOf, type WiredComponent, type WiredSource } from './conf-wiring.js';
import { nodeKey, type Drawing, type Flowing } from './drawing.js';
import { storePlace } from './store-place.js';

const fullFrom = 0.8;
const errorCounters: Readonly<Record<SaidComponent['kind'], readonly string[]>> = {
  source: ['EventReadFail', 'GenericProcessingFail', 'ChannelWriteFail'],
  channel: [],
  sink: ['EventWriteFail', 'ConnectionFailedCount', 'ChannelReadFail'],
};
const topicTypes = /kafka|^topic$/i;

export class CollectorPart {
  private readonly name: string;
  private readonly said: ReadonlyMap<string, SaidComponent>;
  private readonly whole: Flowing;

  constructor(
    private readonly drawing: Drawing,
    private readonly looks: LiveLooks,
    private readonly look: ConnectorLook,
    private readonly atMs: number,
  ) {
    this.name = look.mark.name;
    this.said = new Map(look.tasks.flatMap(componentsOf).map((each) => [`${each.kind} ${each.name}`, each]));
    this.whole = wholeOf(look);
  }

  /** Gives the consumer groups that are its own. */
  draw(): readonly string[] {
    const { sources, channels, sinks } = wiringOf(this.look.connector);
    const groups: string[] = [];
    for (const channel of channels) groups.push(...this.drawChannel(channel));
    for (const source of sources) groups.push(...this.drawSource(source));
    for (const sink of sinks) this.drawSink(sink, sink.channel, sink.group);
    return groups;
  }

  private key(stage: string, ...names: readonly string[]): string {
    return nodeKey('collector', this.name, stage, ...names);
  }

  private drawSource(source: WiredSource): readonly string[] {
    const said = this.said.get(`source ${source.name}`);
    const flowing = this.flowing(said);
    const received = this.rate(`source ${source.name} in`, said?.counters['EventReceivedCount']);
    const accepted = this.rate(`source ${source.name} out`, said?.counters['EventAcceptedCount']);
    this.drawing.node(this.key('source', source.name), {
      stage: 'source',
      name: source.name,
      type: said?.type ?? source.type,
      connector: this.name,
      ...flowing,
      in_per_second: received,
      out_per_second: accepted,
      errors: this.errors(said),
    });
    const last = this.drawInterceptors(source, said, received);
    const hasWriteFailures = (this.rate(`source ${source.name} full`, said?.counters['ChannelWriteFail']) ?? 0) > 0;
    for (const channel of source.channels) {
      const level = this.levelOf(channel);
      this.drawing.edge({
        from: last.key,
        to: this.key('channel', channel),
        state: flowing.state,
        records_per_second: source.isReplicating || source.channels.length === 1 ? last.perSecond : null,
        back_pressure: level.isPressing || hasWriteFailures,
        dropped_intended: last.dropped,
      });
    }
    const topics = topicTypes.test(source.type) ? (source.option('kafka.topics', 'topics', 'topic') ?? '') : '';
    const ownTopics = topics.split(',').filter((topic) => topic.trim() !== '' && this.isOurs(source));
    for (const topic of ownTopics) {
      const from = nodeKey('topic', topic.trim());
      const rate = ownTopics.length === 1 ? received : null;
      this.drawing.edge({ from, to: this.key('source', source.name), state: flowing.state, records_per_second: rate });
    }
    return ownTopics.length === 0 ? [] : [source.option('kafka.consumer.group.id', 'groupId') ?? 'flume'];
  }

  private drawInterceptors(
    source: WiredSource,
    said: SaidComponent | undefined,
    received: number | null,
  ): { key: string; perSecond: number | null; dropped: number } {
    let before = { key: this.key('source', source.name), perSecond: received, dropped: 0 };
    for (const [index, interceptor] of source.interceptors.entries()) {
      const of = said?.interceptors[index];
      const id = `interceptor ${source.name} ${interceptor.name}`;
      const key = this.key('interceptor', source.name, interceptor.name);
      const input = this.rate(`${id} in`, of?.received);
      const output = this.rate(`${id} out`, of?.passed);
      const { state } = this.flowing(said);
      const errors = this.looks.history.recent(`${this.name} ${id}`, of?.failed ?? 0, this.atMs);
      this.drawing.edge({
        from: before.key,
        to: key,
        state,
        records_per_second: input,
        dropped_intended: before.dropped,
      });
      this.drawing.node(key, {
        stage: 'interceptor',
        name: interceptor.name,
        type: of?.type ?? interceptor.type,
        connector: this.name,
        state,
        in_per_second: input,
        out_per_second: output,
        errors,
      });
      const dropped = of === undefined ? 0 : Math.max(0, of.received - of.passed - of.failed);
      before = { key, perSecond: output, dropped };
    }
    return before;
  }

  private drawChannel(channel: WiredComponent): readonly string[] {
    const said = this.said.get(`channel ${channel.name}`);
    const flowing = this.flowing(said);
    const level = this.levelOf(channel.name);
    const full = `Is ${Math.round((level.fill ?? 0) * 100)} % full: its sinks take less than its sources give.`;
    const key = this.key('channel', channel.name);
    this.drawing.node(key, {
      stage: 'channel',
      name: channel.name,
      type: said?.type ?? channel.type,
      connector: this.name,
      state: flowing.state,
      reason: flowing.reason ?? (level.isPressing ? full : null),
      in_per_second: this.rate(`channel ${channel.name} in`, said?.counters['EventPutSuccessCount']),
      out_per_second: this.rate(`channel ${channel.name} out`, said?.counters['EventTakeSuccessCount']),
      fill: level.fill === null ? null : Math.round(level.fill * 1000) / 1000,
      errors: this.errors(said),
    });
    const topic = topicTypes.test(channel.type) ? channel.option('kafka.topic', 'topic') : null;
    if (topic === null || !this.isOurs(channel)) return [];
    this.drawing.edge({ from: key, to: nodeKey('topic', topic), state: flowing.state });
    const agent = (this.look.connector.config['agent'] ?? '').trim();
    return [
      channel.option('kafka.consumer.group.id', 'groupId') ??
        (channel.type === 'topic' ? `collector-${agent}-${channel.name}` : 'flume'),
    ];
  }

  private drawSink(sink: WiredComponent, channel: string, group: string | null): void {
    const own = this.said.get(`sink ${sink.name}`);
    const counted = own?.counters['EventDrainSuccessCount'] === undefined && group !== null;
    const runner = counted ? this.said.get(`sink ${group}`) : own;
    const flowing = this.flowing(own ?? runner);
    const key = this.key('sink', sink.name);
    const drained = counted ? null : this.rate(`sink ${sink.name} out`, runner?.counters['EventDrainSuccessCount']);
    const level = this.levelOf(channel);
    this.drawing.node(key, {
      stage: 'sink',
      name: sink.name,
      type: own?.type ?? sink.type,
      connector: this.name,
      ...flowing,
      in_per_second: drained,
      out_per_second: drained,
      errors: this.errors(own) + (counted ? this.errors(runner) : 0),
    });
    this.drawing.edge({
      from: this.key('channel', channel),
      to: key,
      state: flowing.state,
      records_per_second: drained,
      lag_records: level.size,
      back_pressure: level.isPressing,
    });
    this.drawTarget(sink, { key, flowing, drained });
  }

  private drawTarget(
    sink: WiredComponent,
    { key, flowing, drained }: { key: string; flowing: Flowing; drained: number | null },
  ): void {
    const topic = topicTypes.test(sink.type) ? sink.option('kafka.topic', 'topic') : null;
    const isTopic = topic !== null && this.isOurs(sink) && !/[%$]/.test(topic);
    const to = isTopic ? nodeKey('topic', topic) : this.key('store', sink.name);
    const lost = this.said.get(`sink ${sink.name}`)?.counters['DeadLetterCount'] ?? 0;
    this.drawing.edge({ from: key, to, state: flowing.state, records_per_second: drained, dropped_lost: lost });
    if (isTopic) return;
    const place = storePlace((name) => sink.option(name));
    this.drawing.node(to, {
      stage: 'store',
      name: place === '' ? sink.type : place,
      type: sink.type,
      connector: this.name,
      ...flowing,
      in_per_second: drained,
    });
  }

  /** Whether its topics are those of this installation. */
  private isOurs(component: WiredComponent): boolean {
    const written = component.option('kafka.bootstrap.servers', 'brokerList', 'bootstrap.servers');
    return written === null || written.includes('${') || written.trim() === this.looks.bootstrap.trim();
  }

  private levelOf(channel: string): { size: number | null; fill: number | null; isPressing: boolean } {
    const counters = this.said.get(`channel ${channel}`)?.counters ?? {};
    const size = counters['ChannelSize'] ?? null;
    const capacity = counters['ChannelCapacity'] ?? 0;
    if (size === null || capacity <= 0) return { size, fill: null, isPressing: false };
    const fill = size / capacity;
    const isRising = this.looks.history.isRising(`${this.name} ${channel}`, size, this.atMs);
    return { size, fill, isPressing: fill > fullFrom || (isRising && fill > 0.1) };
  }

  private rate(id: string, counter: number | undefined): number | null {
    if (counter === undefined || this.whole.state !== 'running') return null;
    return this.looks.rates.of(`${this.name} ${id}`, counter, this.atMs);
  }

  private errors(said: SaidComponent | undefined): number {
    if (said === undefined) return 0;
    const total = errorCounters[said.kind].reduce((sum, name) => sum + (said.counters[name] ?? 0), 0);
    return this.looks.history.recent(`${this.name} ${said.kind} ${said.name}`, total, this.atMs);
  }

  private flowing(said: SaidComponent | undefined): Flowing {
    if (this.whole.state !== 'running' || said === undefined) return this.whole;
    const reason = said.error === null ? null : shortReason(said.error);
    return { state: stateOfComponent(said.state), reason };
  }
}

function stateOfComponent(said: string): FlowState {
  if (said === 'RUNNING') return 'running';
  if (said === 'FAILED') return 'failed';
  return said === 'STARTING' ? 'waiting' : 'stopped';
}

export function wholeOf(look: ConnectorLook): Flowing {
  const { state } = stateOf(look);
  const reason = reasonOf(look);
  if (state === 'FAILED') return { state: 'failed', reason };
  if (state === 'PAUSED') return { state: 'paused', reason };
  if (state === 'STOPPED') return { state: 'stopped', reason };
  if (state === 'UNASSIGNED') return { state: 'waiting', reason };
  const isWaiting = look.tasks.some(
    ({ state: task, details }) => task === 'RESTARTING' || details['degraded'] === true,
  );
  const refused = textOf(fieldOf(look.tasks[0]?.details['lastError'], 'message'));
  if (look.mark.kind === 'source')
    return { state: isWaiting ? 'waiting' : 'running', reason: refused === null ? null : shortReason(refused) };
  return { state: isWaiting ? 'waiting' : 'running', reason };
}
