import { Body, Controller, Get, NotFoundException, Param, Put, Query, Res } from '@nestjs/common';
import type { Response } from 'express';
import { z } from 'zod';
import { ControlStore } from '#control/control-store';
import { withDeadline } from '#nest/deadline';
import { systemClock } from '#std/clock';
import { messageOf } from '#std/errors';
import { logLevels, LogThreshold } from '#std/log-threshold';
import { Open, Requires } from '../access/requires.js';
import { ClusterIdentity } from '../kafka-rest/cluster-identity.js';
import { Section, Summary } from '../operations/summary.js';
import { connectVersion, productVersion } from '../product-version.js';

/** Clients ask for `/` first: it answers soon, also while topics are away. */
const identityMsMax = 500;

const LoggerChange = z.object({ level: z.string().max(20) });

/** What Connect's clients ask of a worker before anything else. */
@Section('Worker')
@Controller()
export class RootController {
  constructor(
    private readonly store: ControlStore,
    private readonly identity: ClusterIdentity,
    private readonly threshold: LogThreshold,
  ) {}

  @Get()
  @Requires('cluster', 'read')
  @Summary('The Kafka Connect level that is spoken here, and the version of the product')
  async root(): Promise<unknown> {
    const clusterId = await withDeadline(identityMsMax, this.identity.clusterId()).catch(() => null);
    return {
      version: connectVersion,
      commit: productVersion,
      kafka_cluster_id: clusterId,
      product_version: productVersion,
    };
  }

  @Get('health')
  @Open()
  @Summary('Whether requests can be served')
  async health(@Res({ passthrough: true }) response: Response): Promise<unknown> {
    try {
      await this.store.ping();
      return { status: 'healthy', message: 'Worker has completed startup and is ready to handle requests.' };
    } catch (error) {
      response.status(500);
      return { status: 'unhealthy', message: messageOf(error) };
    }
  }

  @Get('admin/loggers')
  @Requires('cluster', 'read')
  @Summary('The one logger that there is: that of the administration')
  loggers(): unknown {
    return { root: this.rootLogger() };
  }

  @Get('admin/loggers/:name')
  @Requires('cluster', 'read')
  @Summary('Level of a logger')
  logger(@Param('name') name: string): unknown {
    requireRoot(name);
    return this.rootLogger();
  }

  /** As Connect answers: the loggers that were changed, or 204 with `scope=cluster`; 404 for a level that is none. */
  @Put('admin/loggers/:name')
  @Requires('cluster', 'edit')
  @Summary('Changes which lines the administration logs, until it starts again; it has none below INFO')
  setLogger(
    @Param('name') name: string,
    @Body({ schema: LoggerChange }) { level: written }: z.infer<typeof LoggerChange>,
    @Res({ passthrough: true }) response: Response,
    @Query('scope') scope?: string,
  ): unknown {
    requireRoot(name);
    const level = written.toUpperCase() === 'ALL' ? 'TRACE' : written.toUpperCase();
    const found = logLevels.find((candidate) => candidate === level);
    if (found === undefined) throw new NotFoundException(`Invalid log level '${written}'.`);
    this.threshold.set(found, systemClock.now());
    if (scope !== 'cluster') return [name];
    response.status(204);
    return undefined;
  }

  private rootLogger(): unknown {
    return { level: this.threshold.level, last_modified: this.threshold.changedAtMs };
  }
}

function requireRoot(name: string): void {
  if (name !== 'root') throw new NotFoundException(`Logger ${name} not found.`);
}
