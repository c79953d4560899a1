/** What the command line does with a flume.conf: run one agent of it, or judge it. */
import { hostname } from 'node:os';
import type { Agent } from '#pipeline/agent';
import type { ConfFile } from '#pipeline/flume-conf';
import type { AgentPlan } from '#pipeline/flume-plan';
import { formatProblem } from '#pipeline/flume-problem';
import { systemClock } from '#std/clock';
import { messageOf } from '#std/errors';
import type { Logger } from '#std/log';
import { noSecurity, type ClientSecurity } from '#topics/client-security';
import { reviewConf, type PlanSurroundings } from './agent-plan-file.js';
import { AgentServer } from './agent-server.js';
import { ConfBackup } from './conf-backup.js';
import { ConfReader, type ConfPlaces } from './conf-reader.js';
import { ConfiguredAgent } from './configured-agent.js';

export interface RunAgentOptions {
  readonly conf: ConfPlaces;
  readonly agentName: string;
  /** Addresses of topics for components that name none: `127.0.0.1:9092`. */
  readonly bootstrap: string;
  /** How topics are reached there. Default: without TLS and login. */
  readonly security?: ClientSecurity;
  /** For positions, and for channels that name no folder. Kept over restarts. */
  readonly stateDirectory: string;
  readonly logger: Logger;
  /** Aborted when the agent is to stop. */
  readonly signal: AbortSignal;
  /** What `${env:NAME}` refers to. Default: the environment of the process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** `-Dname=value`; those of `flume.monitoring.` say how the agent shows its counters. */
  readonly system?: Readonly<Record<string, string>>;
  readonly reload?: ReloadOptions | null;
  readonly metrics?: MetricsOptions | null;
  /** Keeps the last good configuration, for a start at which none can be read. */
  readonly backupDirectory?: string | null;
}

export interface ReloadOptions {
  /** How often the configuration is looked at, ms. Null: 30 s as Flume, 5 min where it comes from servers only. */
  readonly intervalMs: number | null;
  /** Calls back when the configuration is to be looked at now. */
  readonly onDemand?: (look: () => void) => void;
}

export interface MetricsOptions {
  /** Null: 127.0.0.1. */
  readonly host: string | null;
  readonly port: number;
  readonly format: 'json' | 'prometheus';
}

const fileIntervalMs = 30_000;
const remoteIntervalMs = 300_000;

/**
 * Runs one agent until `signal` aborts; resolves when it has stopped and its memory channels are drained. Rejects with ConfError,
 * which lists all mistakes by file and line, before anything is started. Follows changes of the configuration where `reload` says so.
 */
export async function runAgent(options: RunAgentOptions): Promise<void> {
  const { agentName, bootstrap, security = noSecurity, stateDirectory, logger, signal } = options;
  const { environment = process.env, system, reload = null } = options;
  const interval = reload?.intervalMs ?? null;
  const reader = new ConfReader(options.conf, systemClock, interval ?? remoteIntervalMs);
  const backup = new ConfBackup(options.backupDirectory ?? null, agentName, logger);
  const files = await backup.readOr(() => reader.read());
  const url = environment['DATABASE_URL'] ?? '';
  const databaseUrl = url === '' ? null : url;
  // The same agent runs on many hosts, and each has files of its own.
  const owner = `${hostname()}/${agentName}`;
  const services = { bootstrap, security, owner, clock: systemClock, logger, environment, databaseUrl };
  const configured = await ConfiguredAgent.load(files, { agentName, services, stateDirectory, environment, system });
  await backup.keep(files);
  const server = await startServer(configured.agent, options);
  await configured.agent.start();
  logger.info(`Agent ${agentName} runs: ${summaryOf(configured.plan)}.`);
  if (reload === null) await aborted(signal);
  else {
    const isRemote = options.conf.files.length === 0;
    const intervalMs = interval ?? (isRemote ? remoteIntervalMs : fileIntervalMs);
    await follow({ configured, reader, backup, files, intervalMs, onDemand: reload.onDemand, logger, signal });
  }
  await server?.stop();
  await configured.agent.stop();
  logger.info(`Agent ${agentName} has stopped.`);
}

/** What the agent answers over HTTP. Where it cannot, that is logged, and the agent runs without, as in Flume. */
async function startServer(
  agent: Agent,
  { metrics = null, stateDirectory, logger }: RunAgentOptions,
): Promise<AgentServer | null> {
  const common = { agent, stateDirectory, clock: systemClock, logger, metrics: metrics?.format ?? 'json' } as const;
  const wanted = { ...common, host: metrics?.host ?? '127.0.0.1', port: metrics?.port ?? null };
  for (const options of metrics === null ? [wanted] : [wanted, { ...common, port: null }]) {
    const server = new AgentServer(options);
    try {
      await server.start();
      return server;
    } catch (error) {
      const what =
        options.port === null ? 'The agent cannot be tapped' : `Metrics are not shown at port ${options.port}`;
      logger.error(`${what}: ${messageOf(error)}`);
      await server.stop();
    }
  }
  return null;
}

interface Following {
  readonly configured: ConfiguredAgent;
  readonly reader: ConfReader;
  readonly backup: ConfBackup;
  readonly files: readonly ConfFile[];
  readonly intervalMs: number;
  readonly onDemand: ReloadOptions['onDemand'];
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Looks at the configuration again and again until `signal` aborts. What cannot be read is said once. */
async function follow({
  configured,
  reader,
  backup,
  intervalMs,
  onDemand,
  logger,
  signal,
  ...from
}: Following): Promise<void> {
  let { files } = from;
  let isDemanded = false;
  let failure = '';
  let waiting = new AbortController();
  onDemand?.(() => {
    isDemanded = true;
    waiting.abort();
  });
  while (!signal.aborted) {
    waiting = new AbortController();
    if (!isDemanded) {
      await systemClock.sleep(intervalMs, AbortSignal.any([signal, waiting.signal])).catch(() => undefined);
    }
    if (signal.aborted) return;
    try {
      const changed = isDemanded ? await reader.read() : await reader.readChanged();
      const isWanted = isDemanded || changed !== null || (await configured.isCodeChanged());
      isDemanded = false;
      failure = '';
      files = changed ?? files;
      if (isWanted && (await configured.change(files)) === null) await backup.keep(files);
    } catch (error) {
      isDemanded = false;
      if (messageOf(error) !== failure) {
        logger.error(`The configuration cannot be read; the agent goes on as before: ${messageOf(error)}`);
      }
      failure = messageOf(error);
    }
  }
}

export interface ConfVerdict {
  /** Whether every agent looked at would start. */
  readonly valid: boolean;
  /** One a problem, `file:line: severity: …`; then one an agent that is well. */
  readonly lines: readonly string[];
}

/** Judges one agent, or all agents of the files. Throws what reading them throws. */
export async function validateConf(
  conf: ConfPlaces,
  agentName: string | null = null,
  surroundings: PlanSurroundings = { environment: process.env },
): Promise<ConfVerdict> {
  const files = await new ConfReader(conf, systemClock, 0).read();
  const review = await reviewConf(files, agentName, surroundings);
  const valid = review.problems.every((problem) => problem.severity !== 'error');
  const name = files.map(({ file }) => file).join(', ');
  const well = review.plans.map((plan) => `${name}: agent ${plan.name} can run: ${summaryOf(plan)}.`);
  return { valid, lines: [...review.problems.map(formatProblem), ...well] };
}

/** `1 source (taildir), 1 channel (file), 1 sink (topic)` */
function summaryOf(plan: AgentPlan): string {
  const parts = [
    ['source', plan.sources],
    ['channel', plan.channels],
    ['sink', plan.sinks],
  ] as const;
  return parts
    .map(([kind, components]) => {
      const types = [...new Set(components.map((component) => component.type.name))].join(', ');
      const count = `${components.length} ${kind}${components.length === 1 ? '' : 's'}`;
      return components.length === 0 ? count : `${count} (${types})`;
    })
    .join(', ');
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
