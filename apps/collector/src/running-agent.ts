import { join } from 'node:path';
import type { LeasedWork } from '#control/lease-worker';
import type { TaskLease, TaskReport } from '#control/task';
import { Agent, type AgentStatus } from '#pipeline/agent';
import { formatProblem } from '#pipeline/flume-problem';
import type { Clock } from '#std/clock';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import { noSecurity, type ClientSecurity } from '#topics/client-security';
import { loadAgentPlan } from './agent-plan-file.js';

export interface RunningAgentOptions {
  readonly bootstrap: string;
  /** How topics are reached there. Default: without TLS and login. */
  readonly security?: ClientSecurity;
  /** State of every collector lies in a folder of its own below. */
  readonly dataDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The agent of one leased collector. Its connector's config has the text of a flume.conf in `flume.conf` and the agent's name in `agent`.
 * While it is paused nothing of it runs; channels and positions are kept.
 */
export class RunningAgent implements LeasedWork {
  private agent: Agent | null = null;
  private failure: string | null = null;
  private isPaused: boolean;
  private isEnding = false;
  private work: Promise<void> = Promise.resolve();

  constructor(
    readonly lease: TaskLease,
    private readonly options: RunningAgentOptions,
  ) {
    this.isPaused = lease.targetState === 'PAUSED';
    this.adjust();
  }

  get isStopping(): boolean {
    return this.isEnding;
  }

  setPaused(isPaused: boolean): void {
    if (this.isPaused === isPaused) return;
    this.isPaused = isPaused;
    this.adjust();
  }

  /** Resolves when nothing of the agent runs any more. */
  async stop(): Promise<void> {
    this.isEnding = true;
    this.adjust();
    await this.work;
  }

  report(): TaskReport {
    if (this.failure !== null) return { state: 'FAILED', trace: this.failure };
    const status = this.agent?.status();
    if (this.isPaused || status === undefined) return { state: this.isPaused ? 'PAUSED' : 'RUNNING' };
    return { state: 'RUNNING', trace: null, details: detailsOf(status) };
  }

  /** Starts or stops the agent as wanted, after whatever is under way. */
  private adjust(): void {
    this.work = this.work.then(() => this.makeAsWanted()).catch((error: unknown) => this.fail(error));
  }

  private async makeAsWanted(): Promise<void> {
    const isWanted = !this.isPaused && !this.isEnding;
    if (!isWanted) {
      const { agent } = this;
      this.agent = null;
      await agent?.stop();
      return;
    }
    if (this.agent !== null) return;
    this.failure = null;
    const agent = this.build();
    this.agent = agent;
    await agent.start();
  }

  private build(): Agent {
    const { lease, options } = this;
    const { bootstrap, security = noSecurity, dataDirectory, environment, clock } = options;
    const logger = options.logger.child({ connector: lease.connector });
    const file = { file: 'flume.conf', bytes: Buffer.from(lease.config['flume.conf'] ?? '') };
    const { plan, warnings } = loadAgentPlan(file, (lease.config['agent'] ?? '').trim(), environment);
    for (const warning of warnings) logger.warn(formatProblem(warning));
    const stateDirectory = join(dataDirectory, encodeURIComponent(lease.connector));
    const services = { bootstrap, security, owner: lease.connector, clock, logger };
    return new Agent({ plan, stateDirectory, services });
  }

  private fail(error: unknown): void {
    this.failure = messageOf(error);
    this.options.logger.error(`The collector did not start: ${messageOf(error)}`, { connector: this.lease.connector });
  }
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
