import { Controller, Get, NotFoundException, Param, Res } from '@nestjs/common';
import type { Response } from 'express';
import { ControlStore } from '#control/control-store';
import { withDeadline } from '#nest/deadline';
import { messageOf } from '#std/errors';
import { Open, Requires } from '../access/requires.js';
import { ClusterIdentity } from '../kafka-rest/cluster-identity.js';
import { Section, Summary } from '../operations/summary.js';
import { connectVersion, productVersion } from '../product-version.js';

/** Clients ask for `/` first: it answers soon, also while topics are away. */
const identityMsMax = 500;
const rootLogger = { level: 'INFO', last_modified: null };

/** What Connect's clients ask of a worker before anything else. */
@Section('Worker')
@Controller()
export class RootController {
  constructor(
    private readonly store: ControlStore,
    private readonly identity: ClusterIdentity,
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
  @Summary('The one logger that there is; its level is fixed')
  loggers(): unknown {
    return { root: rootLogger };
  }

  @Get('admin/loggers/:name')
  @Requires('cluster', 'read')
  @Summary('Level of a logger')
  logger(@Param('name') name: string): unknown {
    if (name !== 'root') throw new NotFoundException(`Logger ${name} not found.`);
    return rootLogger;
  }
}
