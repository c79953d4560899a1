import { Controller, Get, HttpCode, NotFoundException, Param, Post, Put } from '@nestjs/common';
import { ControlStore } from '#control/control-store';
import { Requires } from '../access/requires.js';
import { Section, Summary } from '../operations/summary.js';
import { connectVersion } from '../product-version.js';
import { ConnectorClasses } from './connector-class.js';
import { shownConfig, taskStatus } from './connector-answers.js';

/** Tasks of a connector, and the topics that it uses. */
@Section('Connectors')
@Controller('connectors/:name')
export class TasksController {
  constructor(
    private readonly store: ControlStore,
    private readonly classes: ConnectorClasses,
  ) {}

  @Get('tasks')
  @Requires(['sinks', 'collectors'], 'read', 'name')
  @Summary('Tasks of a connector with their config')
  async list(@Param('name') name: string): Promise<unknown> {
    const connector = await this.store.findConnector(name);
    if (connector === null) throw new NotFoundException(`Connector ${name} not found`);
    const count = connector.targetState === 'STOPPED' ? 0 : connector.tasksMax;
    const config = shownConfig(this.classes, connector);
    return Array.from({ length: count }, (_, task) => ({ id: { connector: name, task }, config }));
  }

  @Get('tasks/:task/status')
  @Requires(['sinks', 'collectors'], 'read', 'name')
  @Summary('State of one task')
  async status(@Param('name') name: string, @Param('task') task: string): Promise<unknown> {
    const status = await this.store.status(name);
    const found = status?.tasks.find((candidate) => String(candidate.task) === task);
    if (found === undefined) throw new NotFoundException(`No status found for task ${name}-${task}`);
    return taskStatus(found, connectVersion);
  }

  @Post('tasks/:task/restart')
  @Requires(['sinks', 'collectors'], 'operate', 'name')
  @HttpCode(204)
  @Summary('Restarts one task')
  async restart(@Param('name') name: string, @Param('task') task: string): Promise<void> {
    if (!/^\d{1,9}$/.test(task)) throw new NotFoundException(`Unknown task: ${name}-${task}`);
    await this.store.restartTasks(name, { task: Number(task) });
  }

  /** What tasks report that they read; before the first report, what the config names. An unknown connector has none. */
  @Get('topics')
  @Requires(['sinks', 'collectors'], 'read', 'name')
  @Summary('Topics that a connector uses')
  async topics(@Param('name') name: string): Promise<unknown> {
    const [connector, status] = await Promise.all([this.store.findConnector(name), this.store.status(name)]);
    const reported = (status?.tasks ?? []).flatMap((task) => topicsIn(task.details['partitions']));
    const named = (connector?.config['topics'] ?? '').split(/[\s,]+/).filter((topic) => topic !== '');
    return { [name]: { topics: [...new Set(reported.length > 0 ? reported : named)].sort() } };
  }

  @Put('topics/reset')
  @Requires(['sinks', 'collectors'], 'operate', 'name')
  @HttpCode(202)
  @Summary('Accepted for Connect; the list always shows what is read now')
  resetTopics(): void {}
}

function topicsIn(partitions: unknown): string[] {
  if (!Array.isArray(partitions)) return [];
  return partitions.flatMap((partition: unknown) =>
    partition !== null && typeof partition === 'object' && 'topic' in partition ? [String(partition.topic)] : [],
  );
}
