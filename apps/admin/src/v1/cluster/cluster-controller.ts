import { Controller, Get, NotFoundException, Param, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import { withDeadline } from '#nest/deadline';
import { messageOf } from '#std/errors';
import { TopicAdmin, type ClusterDescription } from '#topics/topic-admin';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { Requires } from '../../access/requires.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { connectVersion, productVersion } from '../../product-version.js';
import { pageOf, pageQuery, pageSchema, type Page, type PageQuery } from '../page.js';
import { ClusterView, NodeView } from './cluster-schemas.js';

type View = z.output<typeof NodeView>;

/** A node that does not answer within this is silent. */
const answerMsMax = 3_000;

/** The topics' cluster: its nodes, who leads it, what it takes. */
@Section('Cluster')
@Controller('api/v1')
export class ClusterController {
  constructor(private readonly topics: TopicAdmin) {}

  @Get('cluster')
  @Requires('cluster', 'read')
  @Summary('The cluster of the topics, and the versions of what answers here')
  @Answers({ 200: ClusterView })
  async cluster(): Promise<z.output<typeof ClusterView>> {
    const [{ clusterId, controllerId, brokers }, topics] = await Promise.all([
      this.topics.describeCluster(),
      this.topics.listTopics(),
    ]);
    return {
      kind: 'Cluster',
      id: clusterId,
      controller: controllerId < 0 ? null : controllerId,
      bootstrap: this.topics.cluster.options.bootstrap.join(','),
      nodes: brokers.length,
      topics: topics.length,
      partitions: topics.reduce((sum, { partitions }) => sum + partitions, 0),
      product_version: productVersion,
      connect_version: connectVersion,
    };
  }

  @Get('nodes')
  @Requires('cluster', 'read')
  @Summary('Nodes of the cluster by id, with the room that they have')
  @Answers({ 200: pageSchema('NodeList', NodeView) })
  async nodes(
    @Query({ schema: pageQuery }) query: PageQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Page<View>> {
    const described = await this.topics.describeCluster();
    const nodes = await Promise.all(described.brokers.map((node) => this.look(node, described)));
    const keyOf = ({ id }: View): string => String(id).padStart(10, '0');
    const sorted = nodes.toSorted((left, right) => left.id - right.id);
    return pageOf(sorted, { kind: 'NodeList', query, keyOf, request, response });
  }

  @Get('nodes/:node')
  @Requires('cluster', 'read')
  @Summary('A node of the cluster')
  @Answers({ 200: NodeView }, 404)
  async node(@Param('node') id: string): Promise<View> {
    const described = await this.topics.describeCluster();
    const found = described.brokers.find(({ nodeId }) => String(nodeId) === id);
    if (found === undefined) throw new NotFoundException(`There is no node ${id} in the cluster.`);
    return this.look(found, described);
  }

  private async look(node: ClusterDescription['brokers'][number], described: ClusterDescription): Promise<View> {
    const { nodeId, host, port, rack } = node;
    const told = {
      kind: 'Node',
      id: nodeId,
      host,
      port,
      rack,
      is_controller: nodeId === described.controllerId,
    } as const;
    const asked = this.topics.cluster.request({ node: nodeId }, apis.describeLogDirs, { topics: null });
    try {
      const { errorCode, results } = await withDeadline(answerMsMax, asked);
      const isTold = errorCode === kafkaError.NONE;
      const copies = results.flatMap(({ topics }) => topics).flatMap(({ partitions }) => partitions);
      return {
        ...told,
        state: 'ready',
        reason: null,
        partitions: isTold ? copies.length : null,
        size_bytes: isTold ? copies.reduce((sum, { partitionSize }) => sum + partitionSize, 0) : null,
        directories: results.map((directory) => ({
          path: directory.logDir,
          state: directory.errorCode === kafkaError.NONE ? 'ready' : 'failed',
          total_bytes: directory.totalBytes < 0 ? null : directory.totalBytes,
          usable_bytes: directory.usableBytes < 0 ? null : directory.usableBytes,
        })),
      };
    } catch (error) {
      return {
        ...told,
        state: 'silent',
        reason: messageOf(error),
        partitions: null,
        size_bytes: null,
        directories: [],
      };
    }
  }
}
