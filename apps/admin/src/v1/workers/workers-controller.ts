import { Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import { controlErrors } from '#control/errors';
import { ControlStore } from '#control/control-store';
import type { ConnectorKind } from '#control/connector';
import type { Worker } from '#control/worker';
import { callRpc, rpcErrors, type RpcCertificate } from '#nest/rpc';
import { MillraceError } from '#std/errors';
import { Requires } from '../../access/requires.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { WriteQuery } from '../connectors/connector-schemas.js';
import { pageOf, pageQuery, pageSchema, type Page, type PageQuery } from '../page.js';
import { WorkerHealth, WorkerTasks, WorkerView } from './worker-schemas.js';

/** What this administration shows the workers that it calls; null: no certificates. */
export const rpcCertificateToken = Symbol('the certificate for calls of workers');

const callMsMax = 5_000;
const kinds: Readonly<Record<string, ConnectorKind>> = { sink: 'sink', collector: 'source' };

/** Processes that run tasks: what they have, how they are, and taking one out of service. */
@Section('Workers')
@Controller('api/v1/workers')
export class WorkersController {
  constructor(
    private readonly store: ControlStore,
    @Inject(rpcCertificateToken) private readonly certificate: RpcCertificate | null,
  ) {}

  @Get()
  @Requires('cluster', 'read')
  @Summary('Living workers, with their labels and the tasks that they have')
  @Answers({ 200: pageSchema('WorkerList', WorkerView) })
  async list(
    @Query({ schema: pageQuery }) query: PageQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Page<z.output<typeof WorkerView>>> {
    const views = await this.views();
    const keyOf = ({ kind, id }: z.output<typeof WorkerView>): string => `${kind}/${id}`;
    const sorted = views.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    return pageOf(sorted, { kind: 'WorkerList', query, keyOf, request, response });
  }

  @Get(':kind/:id')
  @Requires('cluster', 'read')
  @Summary('One worker')
  @Answers({ 200: WorkerView }, 404)
  one(@Param('kind') kind: string, @Param('id') id: string): Promise<z.output<typeof WorkerView>> {
    return this.find(kind, id);
  }

  @Get(':kind/:id/health')
  @Requires('cluster', 'read')
  @Summary('Asks the worker itself whether it reaches database and topics')
  @Answers({ 200: WorkerHealth }, 404, 409, 502)
  async health(@Param('kind') kind: string, @Param('id') id: string): Promise<unknown> {
    return WorkerHealth.parse(await this.call('health', kind, id));
  }

  @Get(':kind/:id/tasks')
  @Requires('cluster', 'read')
  @Summary(
    'Asks the worker itself how its tasks are at this moment; of one that takes no calls, as it last reported them',
  )
  @Answers({ 200: WorkerTasks }, 404, 502)
  async tasks(@Param('kind') kind: string, @Param('id') id: string): Promise<unknown> {
    if ((await this.find(kind, id)).address === null) return { data: await this.reported(kindOf(kind, id), id) };
    return { data: WorkerTasks.shape.data.parse(await this.call('tasks', kind, id)) };
  }

  @Post(':kind/:id\\:drain')
  @HttpCode(202)
  @Requires('cluster', 'operate')
  @Summary('Lets a worker give its tasks to others and take none; holds until :resume, or until it starts again')
  @Answers({ 202: WorkerView }, 404)
  drain(
    @Param('kind') kind: string,
    @Param('id') id: string,
    @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
  ): Promise<z.output<typeof WorkerView>> {
    return this.setDrained(kind, id, { isDrained: true, isDryRun: query.validate_only });
  }

  @Post(':kind/:id\\:resume')
  @HttpCode(202)
  @Requires('cluster', 'operate')
  @Summary('Lets a drained worker take its part again')
  @Answers({ 202: WorkerView }, 404)
  resume(
    @Param('kind') kind: string,
    @Param('id') id: string,
    @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
  ): Promise<z.output<typeof WorkerView>> {
    return this.setDrained(kind, id, { isDrained: false, isDryRun: query.validate_only });
  }

  private async reported(kind: ConnectorKind, id: string): Promise<z.output<typeof WorkerTasks>['data']> {
    const statuses = await this.store.statuses();
    return statuses
      .filter((status) => status.kind === kind)
      .flatMap(({ name: connector, tasks }) =>
        tasks
          .filter(({ workerId }) => workerId === id)
          .map(({ task, state, trace, details }) => {
            return { connector, task, epoch: null, state, trace, details: { ...details } };
          }),
      );
  }

  private async setDrained(
    kind: string,
    id: string,
    wanted: { isDrained: boolean; isDryRun: boolean },
  ): Promise<z.output<typeof WorkerView>> {
    const view = await this.find(kind, id);
    if (wanted.isDryRun) return { ...view, is_drained: wanted.isDrained };
    await this.store.setWorkerDrained({ id, kind: kindOf(kind, id) }, wanted.isDrained);
    return this.find(kind, id);
  }

  private async call(name: string, kind: string, id: string): Promise<unknown> {
    const { address } = await this.find(kind, id);
    if (address !== null) return callRpc(name, null, { address, certificate: this.certificate, timeoutMs: callMsMax });
    throw new MillraceError(
      rpcErrors.unreachable,
      `The ${kind} worker ${id} takes no calls. Start it with MILLRACE_RPC_PORT; its tasks are in /api/v1 as it reports them.`,
    );
  }

  private async find(kind: string, id: string): Promise<z.output<typeof WorkerView>> {
    kindOf(kind, id);
    const found = (await this.views()).find((view) => view.kind === kind && view.id === id);
    if (found === undefined) throw unknown(kind, id);
    return found;
  }

  private async views(): Promise<z.output<typeof WorkerView>[]> {
    const [workers, statuses] = await Promise.all([this.store.listWorkers(), this.store.statuses()]);
    const tasks = statuses.flatMap(({ kind, tasks: all }) => all.map(({ workerId }) => `${kind}/${workerId}`));
    const counts = Map.groupBy(tasks, (key) => key);
    return workers.map((worker) => viewOf(worker, counts.get(`${worker.kind}/${worker.id}`)?.length ?? 0));
  }
}

function kindOf(kind: string, id: string): ConnectorKind {
  const found = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (found === undefined) throw unknown(kind, id);
  return found;
}

function unknown(kind: string, id: string): MillraceError {
  return new MillraceError(controlErrors.workerUnknown, `There is no living ${kind} worker ${id}.`);
}

function viewOf(worker: Worker, tasks: number): z.output<typeof WorkerView> {
  return {
    id: worker.id,
    kind: worker.kind === 'sink' ? 'sink' : 'collector',
    labels: [...worker.labels],
    address: worker.address,
    is_drained: worker.isDrained,
    tasks,
    started_at: worker.startedAt.toISOString(),
    seen_at: worker.seenAt.toISOString(),
  };
}
