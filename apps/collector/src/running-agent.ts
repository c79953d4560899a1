import { join } from 'node:path';
import type { LeasedWork } from '#control/lease-worker';
import type { TapOrder } from '#control/tap-exchange';
import type { TaskLease, TaskReport } from '#control/task';
import type { AgentStatus } from '#pipeline/agent';
import type { ConfFile } from '#pipeline/flume-conf';
import type { Clock } from '#std/clock';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import { noSecurity, type ClientSecurity } from '#topics/client-security';
import { ConfiguredAgent } from './configured-agent.js';
import type { PipelineTracer } from '#pipeline/tracer';
import { tapLines, type TapLine } from './tap-stream.js';

export interface RunningAgentOptions {
  readonly bootstrap: string;
  /** How topics are reached there. Default: without TLS and login. */
  readonly security?: ClientSecurity;
  /** For channels that keep their events in the database of the installation. */
  readonly databaseUrl: string;
  /** State of every collector lies in a folder of its own below. */
  readonly dataDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly tracer?: PipelineTracer;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The agent of one leased collector. Its connector's config has the text of a flume.conf in `flume.conf` and the agent's name in `agent`.
 * While it is paused nothing of it runs; channels and positions are kept. A changed text is taken over by difference: what it leaves alone
 * runs on.
 */
export class RunningAgent implements LeasedWork {
  private current: ConfiguredAgent | null = null;
  private failure: string | null = null;
  /** Why the text that is wanted now is not the one that runs. */
  private refusal: string | null = null;
  /** Of the config that runs; 0: none yet. */
  private revision = 0;
  private isPaused: boolean;
  private isEnding = false;
  private work: Promise<void> = Promise.resolve();
  private wanted: TaskLease;

  constructor(
    lease: TaskLease,
    private readonly options: RunningAgentOptions,
  ) {
    this.wanted = lease;
    this.isPaused = lease.targetState === 'PAUSED';
    this.adjust();
  }

  get lease(): TaskLease {
    return this.wanted;
  }

  get isStopping(): boolean {
    return this.isEnding;
  }

  setPaused(isPaused: boolean): void {
    if (this.isPaused === isPaused) return;
    this.isPaused = isPaused;
    this.adjust();
  }

  /** Takes over another config under the same lease; false where the work has to begin anew for it. */
  change(lease: TaskLease): boolean {
    const isSameAgent = agentNameOf(lease) === agentNameOf(this.wanted);
    if (this.isEnding || this.failure !== null || !isSameAgent) return false;
    this.wanted = lease;
    this.work = this.work.then(() => this.follow()).catch((error: unknown) => this.fail(error));
    return true;
  }

  /** Resolves when nothing of the agent runs any more. */
  async stop(): Promise<void> {
    this.isEnding = true;
    this.adjust();
    await this.work;
  }

  /** Events as they pass an edge; null while nothing runs. */
  tap(order: TapOrder, signal: AbortSignal): AsyncIterable<readonly TapLine[]> | null {
    if (this.current === null) return null;
    const { edge, eventsMax, durationMs } = order;
    // Each look is a notice of the database or a few: less is shown than on the machine itself.
    const request = { edge, eventsMax, durationMs, limits: { eventsMax: 20, bodyBytesMax: 1024 } };
    return tapLines(this.current.agent, request, { clock: this.options.clock, signal });
  }

  report(): TaskReport {
    if (this.failure !== null) return { state: 'FAILED', trace: this.failure };
    const status = this.current?.agent.status();
    if (this.isPaused || status === undefined) return { state: this.isPaused ? 'PAUSED' : 'RUNNING' };
    const lastError = this.refusal === null ? {} : { lastError: { message: this.refusal } };
    // As text: a revision is no metric.
    const running_revision = String(this.revision);
    return { state: 'RUNNING', trace: null, details: { ...detailsOf(status), running_revision, ...lastError } };
  }

  /** Starts or stops the agent as wanted, after whatever is under way. */
  private adjust(): void {
    this.work = this.work.then(() => this.makeAsWanted()).catch((error: unknown) => this.fail(error));
  }

  private async makeAsWanted(): Promise<void> {
    const isWanted = !this.isPaused && !this.isEnding;
    if (!isWanted) {
      const { current } = this;
      this.current = null;
      await current?.agent.stop();
      return;
    }
    if (this.current !== null) return;
    this.failure = null;
    this.refusal = null;
    const { revision } = this.wanted;
    const current = await this.build();
    this.current = current;
    this.revision = revision;
    await current.agent.start();
  }

  private async follow(): Promise<void> {
    if (this.current === null) return;
    const { revision } = this.wanted;
    const reason = await this.current.change(this.files());
    if (reason === null) this.revision = revision;
    this.refusal = reason === null ? null : `The changed config is not used, the one before goes on: ${reason}`;
  }

  private build(): Promise<ConfiguredAgent> {
    const { wanted, options } = this;
    const { bootstrap, security = noSecurity, dataDirectory, environment, clock } = options;
    const logger = options.logger.child({ connector: wanted.connector });
    return ConfiguredAgent.load(this.files(), {
      agentName: agentNameOf(wanted),
      services: {
        bootstrap,
        security,
        // Wherever the collector runs, its positions are the same.
        owner: wanted.connector,
        clock,
        logger,
        environment,
        databaseUrl: options.databaseUrl,
        ...(options.tracer === undefined ? {} : { tracer: options.tracer }),
      },
      stateDirectory: join(dataDirectory, encodeURIComponent(wanted.connector)),
      environment,
    });
  }

  private files(): ConfFile[] {
    const { config } = this.wanted;
    const file = join((config['conf.directory'] ?? '').trim(), 'flume.conf');
    return [{ file, bytes: Buffer.from(config['flume.conf'] ?? '') }];
  }

  private fail(error: unknown): void {
    this.failure = messageOf(error);
    this.options.logger.error(`The collector did not start: ${messageOf(error)}`, { connector: this.lease.connector });
  }
}

function agentNameOf(lease: TaskLease): string {
  return (lease.config['agent'] ?? '').trim();
}

/** Sums over components as numbers, which become metrics; the components one by one as they are. */
function detailsOf(status: AgentStatus): Record<string, unknown> {
  const sum = (kind: string, counter: string): number =>
    status.components
      .filter((component) => component.kind === kind)
      .reduce((total, component) => total + (component.counters[counter] ?? 0), 0);
  return {
    events_received: sum('source', 'EventReceivedCount'),
    events_accepted: sum('source', 'EventAcceptedCount'),
    events_drained: sum('sink', 'EventDrainSuccessCount'),
    channel_size: sum('channel', 'ChannelSize'),
    channel_write_failures: sum('source', 'ChannelWriteFail'),
    sink_failures: sum('sink', 'EventWriteFail'),
    agent: status.agent,
    agent_state: status.state,
    components: status.components,
  };
}
