import { collectorRegistry } from '#connectors/registry-collector';
import { readConf, type Conf, type ConfFile } from '#pipeline/flume-conf';
import type { AgentPlan } from '#pipeline/flume-plan';
import { ConfError, ConfProblems, type ConfProblem } from '#pipeline/flume-problem';
import { planAgent, warnOfListlessAgents } from '#pipeline/flume-validation';

type Environment = Readonly<Record<string, string | undefined>>;

export interface PlannedAgent {
  readonly plan: AgentPlan;
  readonly warnings: readonly ConfProblem[];
}

/** Throws ConfError with every problem of that agent where it has an error. */
export function loadAgentPlan(file: ConfFile, agentName: string, environment: Environment): PlannedAgent {
  const problems = new ConfProblems();
  const conf = readConf([file], { environment }, problems);
  const plan = planAgent(conf, agentName, { registry: collectorRegistry, problems, file: file.file });
  warnOfListlessAgents(conf, problems);
  const all = problems.list();
  if (plan === null || all.some((problem) => problem.severity === 'error')) {
    throw new ConfError(`Agent ${agentName} of ${file.file}`, all);
  }
  return { plan, warnings: all };
}

export interface ConfReview {
  readonly plans: readonly AgentPlan[];
  readonly problems: readonly ConfProblem[];
}

/** Judges one agent of a file, or all of them. */
export function reviewConf(file: ConfFile, agentName: string | null, environment: Environment): ConfReview {
  const problems = new ConfProblems();
  const conf = readConf([file], { environment }, problems);
  const names = agentName === null ? runnableAgents(conf) : [agentName];
  if (names.length === 0) {
    problems.error(
      { file: file.file, line: 1 },
      'The file has no agent: expected keys as a1.sources, a1.channels, a1.sinks.',
    );
  }
  const plans = names.flatMap(
    (name) => planAgent(conf, name, { registry: collectorRegistry, problems, file: file.file }) ?? [],
  );
  warnOfListlessAgents(conf, problems);
  return { plans, problems: problems.list() };
}

/** Those that list something; the others are most likely misspelled, and warned of. */
function runnableAgents(conf: Conf): string[] {
  return [...conf.agents.values()].filter((agent) => agent.lists.size > 0).map((agent) => agent.name);
}
