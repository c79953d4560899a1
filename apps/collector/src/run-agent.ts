/** What the command line does with a flume.conf: run one agent of it, or judge it. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { Agent } from '#pipeline/agent';
import type { AgentPlan } from '#pipeline/flume-plan';
import { formatProblem } from '#pipeline/flume-problem';
import { systemClock } from '#std/clock';
import type { Logger } from '#std/log';
import { noSecurity, type ClientSecurity } from '#topics/client-security';
import { loadAgentPlan, reviewConf } from './agent-plan-file.js';

export interface RunAgentOptions {
  readonly confPath: string;
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
}

/**
 * Runs one agent until `signal` aborts; resolves when it has stopped and its memory channels are drained. Rejects with ConfError,
 * which lists all mistakes by file and line, before anything is started.
 */
export async function runAgent(options: RunAgentOptions): Promise<void> {
  const { confPath, agentName, bootstrap, security = noSecurity, stateDirectory, logger, signal } = options;
  const file = { file: confPath, bytes: await readFile(confPath) };
  const { plan, warnings } = loadAgentPlan(file, agentName, options.environment ?? process.env);
  for (const warning of warnings) logger.warn(formatProblem(warning));
  // The same agent runs on many hosts, and each has files of its own.
  const owner = `${hostname()}/${agentName}`;
  const services = { bootstrap, security, owner, clock: systemClock, logger };
  const agent = new Agent({ plan, stateDirectory, services });
  await agent.start();
  logger.info(`Agent ${agentName} runs: ${summaryOf(plan)}.`);
  await aborted(signal);
  await agent.stop();
  logger.info(`Agent ${agentName} has stopped.`);
}

export interface ConfVerdict {
  /** Whether every agent looked at would start. */
  readonly valid: boolean;
  /** One a problem, `file:line: severity: …`; then one an agent that is well. */
  readonly lines: readonly string[];
}

/** Judges one agent, or all agents of the file. Throws what reading the file throws. */
export function validateConf(confPath: string, agentName?: string): ConfVerdict {
  const review = reviewConf({ file: confPath, bytes: readFileSync(confPath) }, agentName ?? null, process.env);
  const valid = review.problems.every((problem) => problem.severity !== 'error');
  const well = review.plans.map((plan) => `${confPath}: agent ${plan.name} can run: ${summaryOf(plan)}.`);
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
