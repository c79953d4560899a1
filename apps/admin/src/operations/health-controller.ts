import { Controller, Get, Query, Res } from '@nestjs/common';
import type { Response } from 'express';
import { ControlStore } from '#control/control-store';
import { checkHealth, FurtherChecks } from '#nest/health';
import { TopicAdmin } from '#topics/topic-admin';
import { Open } from '../access/requires.js';
import { Section, Summary } from './summary.js';

/** For load balancers and supervisors. */
@Section('Operations')
@Controller()
export class HealthController {
  constructor(
    private readonly store: ControlStore,
    private readonly topics: TopicAdmin,
    private readonly further: FurtherChecks,
  ) {}

  @Get('livez')
  @Open()
  @Summary('200 while the process answers')
  live(): unknown {
    return { status: 'live' };
  }

  @Get('readyz')
  @Open()
  @Summary('200 when database and topics answer, else 503; ?verbose says which does not')
  async ready(@Res({ passthrough: true }) response: Response, @Query('verbose') verbose?: string): Promise<unknown> {
    const report = await checkHealth([
      { name: 'database', check: () => this.store.ping() },
      {
        name: 'topics',
        check: async () => {
          const cluster = await this.topics.describeCluster();
          return `${cluster.brokers.length} broker(s) of cluster ${cluster.clusterId}`;
        },
      },
      { name: 'workers', check: () => this.countWorkers() },
      ...this.further.list,
    ]);
    if (report.status !== 'ready') response.status(503);
    return verbose === undefined ? { status: report.status } : report;
  }

  /** None is no failure: connectors wait for one. */
  private async countWorkers(): Promise<string> {
    const workers = await this.store.listWorkers();
    const count = (kind: string): number => workers.filter((worker) => worker.kind === kind).length;
    return `${count('sink')} sink worker(s), ${count('source')} collector worker(s)`;
  }
}
