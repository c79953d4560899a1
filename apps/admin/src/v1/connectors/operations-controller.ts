import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, type Type } from '@nestjs/common';
import type { Request } from 'express';
import { z } from 'zod';
import type { TargetState } from '#control/connector';
import { controlErrors } from '#control/errors';
import { MillraceError } from '#std/errors';
import { Requires } from '../../access/requires.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { requireRevision } from '../revision.js';
import type { ConnectorForm } from './connector-form.js';
import { RestartBody, StatusView, TaskView, WriteQuery } from './connector-schemas.js';
import { statusView, taskView } from './connector-views.js';
import { DesiredConnectors } from './desired-connectors.js';

const TaskList = z.object({ kind: z.literal('TaskList'), data: z.array(TaskView) }).meta({ id: 'TaskList' });
type DryRun = z.output<typeof WriteQuery>;

/** How connectors of one form are, and what can be done with them while they run. */
export function operationsController(form: ConnectorForm): Type {
  const area = form.path;

  @Section(`${form.title}s`)
  @Controller(`api/v1/${form.path}`)
  class OperationsController {
    constructor(private readonly desired: DesiredConnectors) {}

    @Get(':name/status')
    @Requires(area, 'read', 'name')
    @Summary('State, each task, each partition: position, lag, last success, why it waits')
    @Answers({ 200: StatusView }, 404)
    async status(@Param('name') name: string): Promise<object> {
      const { connector, status } = await this.desired.status(form, name);
      return statusView(connector, status);
    }

    @Get(':name/tasks')
    @Requires(area, 'read', 'name')
    @Summary('Tasks and what their workers say of them')
    @Answers({ 200: TaskList }, 404)
    async tasks(@Param('name') name: string): Promise<object> {
      const { status } = await this.desired.status(form, name);
      return { kind: 'TaskList', data: status.tasks.map(taskView) };
    }

    @Get(':name/tasks/:task')
    @Requires(area, 'read', 'name')
    @Summary('One task')
    @Answers({ 200: TaskView }, 404)
    async task(@Param('name') name: string, @Param('task') task: string): Promise<object> {
      const { status } = await this.desired.status(form, name);
      const found = status.tasks.find((candidate) => String(candidate.task) === task);
      if (found !== undefined) return taskView(found);
      throw new MillraceError(controlErrors.taskUnknown, `${form.noun} ${name} has no task ${task}`);
    }

    @Post(':name/tasks/:task\\:restart')
    @HttpCode(202)
    @Requires(area, 'operate', 'name')
    @Summary('Restarts one task')
    @Answers({ 202: StatusView }, 404, 412)
    restartTask(
      @Param('name') name: string,
      @Param('task') task: string,
      @Query({ schema: WriteQuery }) query: DryRun,
      @Req() request: Request,
    ): Promise<object> {
      if (!/^\d{1,4}$/.test(task)) {
        throw new MillraceError(controlErrors.taskUnknown, `${form.noun} ${name} has no task ${task}`);
      }
      return this.change(name, request, query, () => this.desired.store.restartTasks(name, { task: Number(task) }));
    }

    @Post(':name\\:pause')
    @HttpCode(202)
    @Requires(area, 'operate', 'name')
    @Summary('Stops reading, keeps tasks')
    @Answers({ 202: StatusView }, 404, 412)
    pause(
      @Param('name') name: string,
      @Query({ schema: WriteQuery }) query: DryRun,
      @Req() request: Request,
    ): Promise<object> {
      return this.changeState(name, 'PAUSED', request, query);
    }

    @Post(':name\\:resume')
    @HttpCode(202)
    @Requires(area, 'operate', 'name')
    @Summary('Goes on after pause or stop')
    @Answers({ 202: StatusView }, 404, 412)
    resume(
      @Param('name') name: string,
      @Query({ schema: WriteQuery }) query: DryRun,
      @Req() request: Request,
    ): Promise<object> {
      return this.changeState(name, 'RUNNING', request, query);
    }

    @Post(':name\\:stop')
    @HttpCode(202)
    @Requires(area, 'operate', 'name')
    @Summary('Stops all tasks and gives back what they hold')
    @Answers({ 202: StatusView }, 404, 412)
    stop(
      @Param('name') name: string,
      @Query({ schema: WriteQuery }) query: DryRun,
      @Req() request: Request,
    ): Promise<object> {
      return this.changeState(name, 'STOPPED', request, query);
    }

    @Post(':name\\:restart')
    @HttpCode(202)
    @Requires(area, 'operate', 'name')
    @Summary('Restarts its tasks: all (default), those that have failed, or some by number')
    @Answers({ 202: StatusView }, 404, 412)
    restart(
      @Param('name') name: string,
      @Body({ schema: RestartBody }) body: z.output<typeof RestartBody>,
      @Query({ schema: WriteQuery }) query: DryRun,
      @Req() request: Request,
    ): Promise<object> {
      const { store } = this.desired;
      const { tasks } = body;
      return this.change(name, request, query, async () => {
        if (typeof tasks === 'string') await store.restartTasks(name, { onlyFailed: tasks === 'failed' });
        else for (const task of tasks) await store.restartTasks(name, { task });
      });
    }

    private changeState(name: string, state: TargetState, request: Request, query: DryRun): Promise<object> {
      return this.change(name, request, query, () => this.desired.store.setTargetState(name, state));
    }

    /** Answers how it is then; workers take a moment. */
    private async change(
      name: string,
      request: Request,
      { validate_only }: DryRun,
      change: () => Promise<unknown>,
    ): Promise<object> {
      const { revision } = await this.desired.find(form, name);
      requireRevision(request, `${form.noun} ${name}`, revision);
      if (!validate_only) await change();
      return this.status(name);
    }
  }
  return OperationsController;
}
