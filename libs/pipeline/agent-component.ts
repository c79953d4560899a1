import { join } from 'node:path';
import type { Clock, Timer } from '#std/clock';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import type { ComponentContext } from '#pipeline/collector';

export type ComponentState = 'STOPPED' | 'STARTING' | 'RUNNING' | 'FAILED';

export interface ComponentStatus {
  readonly kind: 'source' | 'channel' | 'sink';
  readonly name: string;
  readonly type: string;
  /** FAILED: its start failed and is tried again. A running component with an error is RUNNING. */
  readonly state: ComponentState;
  readonly error: string | null;
  /** By Flume's names; they begin at 0 with each start of the agent. */
  readonly counters: Readonly<Record<string, number>>;
  /** When events last went through it, ms since 1970; 0: none since the agent's start. */
  readonly lastEventAt: number;
  /** Of a source, in their order. */
  readonly interceptors?: readonly InterceptorStatus[];
  /** Of its last start that succeeded and its last stop, ms since 1970; 0 before the first. */
  readonly startedAt: number;
  readonly stoppedAt: number;
}

/** Events are counted since the source was built. */
export interface InterceptorStatus {
  readonly name: string;
  readonly type: string;
  readonly received: number;
  /** What it gave on; the others it dropped. */
  readonly passed: number;
  /** Given to it when it threw. */
  readonly failed: number;
}

export interface ComponentParts {
  readonly kind: 'source' | 'channel' | 'sink';
  readonly name: string;
  readonly type: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The agent's folder; the component gets one of its own below. */
  readonly stateDirectory: string;
  readonly start: (context: ComponentContext) => Promise<void>;
  readonly stop: () => Promise<void>;
  /** Of a source with interceptors; read for each status. */
  readonly interceptors?: readonly InterceptorStatus[];
}

/** Counted when events have gone through. */
const passedCounters: ReadonlySet<string> = new Set([
  'EventAcceptedCount',
  'EventPutSuccessCount',
  'EventTakeSuccessCount',
  'EventDrainSuccessCount',
]);

/** As Flume: a component whose start failed is started again every 3 s, for ever. */
const startRetryMs = 3000;

/** The life of one component: state, last error, counters, and starts that are tried again until one works. */
export class AgentComponent {
  private state: ComponentState = 'STOPPED';
  private error: string | null = null;
  private readonly counters = new Map<string, number>();
  private timer: Timer | null = null;
  private starting: Promise<void> | null = null;
  private isWanted = false;
  private startedAt = 0;
  private stoppedAt = 0;
  private lastEventAt = 0;
  readonly context: ComponentContext;

  constructor(private readonly parts: ComponentParts) {
    this.context = {
      name: parts.name,
      clock: parts.clock,
      logger: parts.logger.child({ [parts.kind]: parts.name }),
      stateDirectory: join(parts.stateDirectory, `${parts.kind}s`, parts.name),
      count: (counter, by) => this.count(counter, by),
      reportError: (error) => this.reportError(error),
    };
  }

  get isRunning(): boolean {
    return this.state === 'RUNNING';
  }

  /** Resolves when the first try is over, well or not. */
  async start(): Promise<void> {
    this.isWanted = true;
    await this.tryStart();
  }

  /** Ends the tries, waits for one under way, and stops the component where it runs. */
  async stop(): Promise<void> {
    this.isWanted = false;
    this.timer?.cancel();
    this.timer = null;
    await this.starting;
    if (this.state !== 'RUNNING') {
      this.state = 'STOPPED';
      return;
    }
    this.state = 'STOPPED';
    this.stoppedAt = this.parts.clock.now();
    try {
      await this.parts.stop();
    } catch (error) {
      this.reportError(error);
      this.context.logger.error(`The ${this.parts.kind} did not stop cleanly: ${messageOf(error)}`);
    }
  }

  /** A running component that cannot go on is stopped, and started again after 3 s where that can help. */
  fail(error: unknown, mayRestart: boolean): void {
    if (this.state === 'RUNNING') this.starting = this.stopFailed(error, mayRestart);
  }

  count(counter: string, by: number): void {
    this.counters.set(counter, (this.counters.get(counter) ?? 0) + by);
    if (by > 0 && passedCounters.has(counter)) this.lastEventAt = this.parts.clock.now();
  }

  reportError(error: unknown): void {
    this.error = error === null || error === undefined ? null : messageOf(error);
  }

  status(gauges: Readonly<Record<string, number>> = {}): ComponentStatus {
    const { kind, name, type, interceptors } = this.parts;
    return {
      kind,
      name,
      type,
      state: this.state,
      error: this.error,
      counters: { ...Object.fromEntries(this.counters), ...gauges },
      lastEventAt: this.lastEventAt,
      ...(interceptors === undefined ? {} : { interceptors: interceptors.map((one) => ({ ...one })) }),
      startedAt: this.startedAt,
      stoppedAt: this.stoppedAt,
    };
  }

  private async stopFailed(error: unknown, mayRestart: boolean): Promise<void> {
    const message = messageOf(error);
    this.state = 'FAILED';
    this.error = message;
    const next = mayRestart ? 'and starts again in 3 s' : 'and does not start again by itself';
    this.context.logger.error(`The ${this.parts.kind} was stopped ${next}: ${message}`);
    await this.parts.stop().catch(() => undefined);
    this.error = message;
    if (this.isWanted && mayRestart) this.timer = this.parts.clock.after(startRetryMs, () => void this.tryStart());
  }

  private tryStart(): Promise<void> {
    this.starting = this.startOnce();
    return this.starting;
  }

  private async startOnce(): Promise<void> {
    const wasFailed = this.state === 'FAILED';
    if (!wasFailed) this.state = 'STARTING';
    try {
      await this.parts.start(this.context);
      this.state = 'RUNNING';
      this.startedAt = this.parts.clock.now();
      this.error = null;
      if (wasFailed) this.context.logger.info(`The ${this.parts.kind} has started after all.`);
    } catch (error) {
      const message = messageOf(error);
      if (!wasFailed || message !== this.error) {
        this.context.logger.error(`The ${this.parts.kind} did not start and is tried again every 3 s: ${message}`);
      }
      this.state = 'FAILED';
      this.error = message;
      if (this.isWanted) this.timer = this.parts.clock.after(startRetryMs, () => void this.tryStart());
    }
  }
}
