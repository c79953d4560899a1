/** From the bytes of a flume.conf to a plan: reads, substitutes, asks configuration filters, loads custom types, judges. */
import { loadAllComponents, loadComponentsOf } from '#connectors/registry-collector';
import type { ComponentRegistry } from '#pipeline/collector';
import { applyConfigFilters } from '#pipeline/flume-config-filter';
import { readConf, type Conf, type ConfFile, type ConfSurroundings } from '#pipeline/flume-conf';
import type { AgentPlan } from '#pipeline/flume-plan';
import { ConfError, ConfProblems, type ConfProblem } from '#pipeline/flume-problem';
import { planAgent, warnOfListlessAgents } from '#pipeline/flume-validation';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { loadCustomTypes } from './custom-types.js';
import { jvmProperties, platformLookups } from './system-properties.js';

export interface PlanSurroundings {
  /** What `${env:NAME}` refers to. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `-Dname=value`. Default none but those of every JVM. */
  readonly system?: Readonly<Record<string, string>>;
}

export interface PlannedAgent {
  readonly plan: AgentPlan;
  readonly warnings: readonly ConfProblem[];
  /** Of custom components: where one changes, the plan does. */
  readonly codeFiles: readonly string[];
}

/** Throws ConfError with every problem of that agent where it has an error. */
export async function loadAgentPlan(
  files: readonly ConfFile[],
  agentName: string,
  surroundings: PlanSurroundings,
): Promise<PlannedAgent> {
  const problems = new ConfProblems();
  const conf = readConf(files, { ...confSurroundings(surroundings), agent: agentName }, problems);
  const { plan, codeFiles } = await planOf(conf, agentName, files, surroundings, problems);
  warnOfListlessAgents(conf, problems);
  const all = problems.list();
  if (plan === null || all.some((problem) => problem.severity === 'error')) {
    throw new ConfError(`Agent ${agentName} of ${namesOf(files)}`, all);
  }
  return { plan, warnings: all, codeFiles };
}

export interface ConfReview {
  readonly plans: readonly AgentPlan[];
  readonly problems: readonly ConfProblem[];
}

/** Judges one agent of the files, or all of them. */
export async function reviewConf(
  files: readonly ConfFile[],
  agentName: string | null,
  surroundings: PlanSurroundings,
): Promise<ConfReview> {
  const problems = new ConfProblems();
  const conf = readConf(files, { ...confSurroundings(surroundings), agent: agentName }, problems);
  const names = agentName === null ? runnableAgents(conf) : [agentName];
  if (names.length === 0) {
    problems.error(
      { file: files[0]?.file ?? '', line: 1 },
      'The file has no agent: expected keys as a1.sources, a1.channels, a1.sinks.',
    );
  }
  const plans: AgentPlan[] = [];
  for (const name of names) {
    const { plan } = await planOf(conf, name, files, surroundings, problems);
    if (plan !== null) plans.push(plan);
  }
  warnOfListlessAgents(conf, problems);
  return { plans, problems: problems.list() };
}

async function planOf(
  conf: Conf,
  name: string,
  files: readonly ConfFile[],
  { environment }: PlanSurroundings,
  problems: ConfProblems,
): Promise<{ plan: AgentPlan | null; codeFiles: readonly string[] }> {
  const written = conf.agents.get(name);
  let registry: ComponentRegistry = await (written === undefined ? loadAllComponents() : loadComponentsOf(written));
  let codeFiles: readonly string[] = [];
  const agents = new Map(conf.agents);
  if (written !== undefined) {
    const services = { bootstrap: '', clock: systemClock, logger: silentLogger, environment };
    const agent = await applyConfigFilters(written, { registry, services, problems });
    agents.set(name, agent);
    ({ registry, files: codeFiles } = await loadCustomTypes(agent, registry, problems));
  }
  const plan = planAgent({ agents }, name, { registry, problems, file: files[0]?.file ?? '' });
  return { plan, codeFiles };
}

function confSurroundings({ environment, system = {} }: PlanSurroundings): ConfSurroundings {
  return {
    environment,
    system: { ...jvmProperties(), ...system },
    platform: platformLookups(),
    nowMs: systemClock.now(),
    isLegacy: system['propertiesImplementation']?.endsWith('.EnvVarResolverProperties') ?? false,
  };
}

function namesOf(files: readonly ConfFile[]): string {
  return files.map(({ file }) => file).join(', ');
}

/** Those that list something; the others are most likely misspelled, and warned of. */
function runnableAgents(conf: Conf): string[] {
  return [...conf.agents.values()].filter((agent) => agent.lists.size > 0).map((agent) => agent.name);
}
