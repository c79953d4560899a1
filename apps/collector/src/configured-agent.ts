import { stat } from 'node:fs/promises';
import { Agent } from '#pipeline/agent';
import type { AgentServices } from '#pipeline/collector';
import type { ConfFile } from '#pipeline/flume-conf';
import type { AgentPlan } from '#pipeline/flume-plan';
import { ConfError, formatProblem } from '#pipeline/flume-problem';
import { messageOf } from '#std/errors';
import { loadAgentPlan, type PlannedAgent, type PlanSurroundings } from './agent-plan-file.js';

export interface ConfiguredAgentOptions extends PlanSurroundings {
  readonly agentName: string;
  readonly services: AgentServices;
  readonly stateDirectory: string;
}

/**
 * An agent that follows its flume.conf: by each new text only what differs is stopped, built and started. A text with an error changes
 * nothing, and its mistakes are logged.
 */
export class ConfiguredAgent {
  private code: string;

  private constructor(
    private readonly options: ConfiguredAgentOptions,
    readonly agent: Agent,
    private planned: PlannedAgent,
    code: string,
  ) {
    this.code = code;
  }

  /** Builds, and starts nothing. Throws ConfError, or what a component's `create` throws. */
  static async load(files: readonly ConfFile[], options: ConfiguredAgentOptions): Promise<ConfiguredAgent> {
    const planned = await loadAgentPlan(files, options.agentName, options);
    warn(planned, options);
    const { services, stateDirectory } = options;
    const agent = new Agent({ plan: planned.plan, services, stateDirectory });
    return new ConfiguredAgent(options, agent, planned, await versionsOf(planned.codeFiles));
  }

  get plan(): AgentPlan {
    return this.planned.plan;
  }

  /** Whether code of the agent's own components is another than it runs. */
  async isCodeChanged(): Promise<boolean> {
    return (await versionsOf(this.planned.codeFiles)) !== this.code;
  }

  /**
   * Goes over to another text. Gives null, or what is wrong with it: then all runs on as before. Not to be called twice at a time.
   */
  async change(files: readonly ConfFile[]): Promise<string | null> {
    const { agentName, services } = this.options;
    const { logger } = services;
    try {
      const planned = await loadAgentPlan(files, agentName, this.options);
      warn(planned, this.options);
      const { stopped, started } = await this.agent.change(planned.plan);
      this.planned = planned;
      this.code = await versionsOf(planned.codeFiles);
      const gone = stopped.filter((unit) => !started.includes(unit));
      const changed = stopped.filter((unit) => started.includes(unit));
      const added = started.filter((unit) => !stopped.includes(unit));
      logger.info(`Agent ${agentName} has taken over a changed configuration.`, {
        ...(changed.length > 0 ? { changed: changed.join(', ') } : {}),
        ...(added.length > 0 ? { added: added.join(', ') } : {}),
        ...(gone.length > 0 ? { removed: gone.join(', ') } : {}),
        ...(stopped.length + started.length === 0 ? { changed: 'nothing' } : {}),
      });
      return null;
    } catch (error) {
      const mistakes = error instanceof ConfError ? error.problems.map(formatProblem) : [messageOf(error)];
      logger.error(`The changed configuration of agent ${agentName} is not used; the agent goes on as before.`);
      for (const mistake of mistakes) logger.error(mistake);
      return messageOf(error);
    }
  }
}

function warn({ warnings }: PlannedAgent, { services }: ConfiguredAgentOptions): void {
  for (const warning of warnings) services.logger.warn(formatProblem(warning));
}

async function versionsOf(files: readonly string[]): Promise<string> {
  const versions = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return versions.join();
}
