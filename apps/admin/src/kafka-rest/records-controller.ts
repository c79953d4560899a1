import { Body, Controller, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { DetailedHttpError } from '#nest/error-answer';
import { NotAudited, Requires } from '../access/requires.js';
import { Section, Summary } from '../operations/summary.js';
import { ClusterIdentity } from './cluster-identity.js';
import { parseRecord, prepareRecord, ProduceBatch, type ProduceRecord } from './record-forms.js';
import { answerRecords } from './record-stream.js';
import { failureOf, RestProducer } from './rest-producer.js';

/** Writes records: one, any number in one body that may go on for hours, or a batch with ids. */
@Section('Topics')
@Controller('v3/clusters/:cluster/topics/:topic')
export class RecordsController {
  constructor(
    private readonly producer: RestProducer,
    private readonly identity: ClusterIdentity,
  ) {}

  @Post('records')
  @Requires('topics', 'edit', 'topic')
  @NotAudited()
  @HttpCode(200)
  @Summary('Writes the records of the body, JSON objects one after another; one report for each, in order')
  async produce(
    @Param('cluster') cluster: string,
    @Param('topic') topic: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await this.identity.check(cluster);
    await this.producer.checkTopic(topic);
    await answerRecords(request, response, async (bytes) => {
      try {
        return await this.write({ cluster, topic }, parseRecord(bytes));
      } catch (error) {
        return failureOf(error);
      }
    });
  }

  @Post('records\\:batch')
  @Requires('topics', 'edit', 'topic')
  @NotAudited()
  @HttpCode(207)
  @Summary('Writes a batch; says for every id whether it was written')
  async produceBatch(
    @Param('cluster') cluster: string,
    @Param('topic') topic: string,
    @Body({ schema: ProduceBatch }) body: z.infer<typeof ProduceBatch>,
  ): Promise<unknown> {
    await this.identity.check(cluster);
    await this.producer.checkTopic(topic);
    const ids = new Set(body.entries.map(({ id }) => id));
    if (ids.size === 0) throw new DetailedHttpError(42_208, 'The batch has no entries.');
    if (ids.size < body.entries.length) {
      throw new DetailedHttpError(400, 'The batch has two entries with the same id; give each its own.');
    }
    const successes: object[] = [];
    const failures: object[] = [];
    await Promise.all(
      body.entries.map(async ({ id, ...record }) => {
        try {
          successes.push({ id, ...(await this.write({ cluster, topic }, record)) });
        } catch (error) {
          failures.push({ id, ...failureOf(error) });
        }
      }),
    );
    return { successes, failures };
  }

  private async write(place: { cluster: string; topic: string }, form: ProduceRecord): Promise<object> {
    const { record, key, value } = prepareRecord(form, this.producer.clock.now());
    const { partition, offset } = await this.producer.write(place.topic, record);
    return {
      error_code: 200,
      cluster_id: place.cluster,
      topic_name: place.topic,
      partition_id: partition,
      offset,
      timestamp: new Date(record.timestamp).toISOString(),
      ...(key === null ? {} : { key }),
      ...(value === null ? {} : { value }),
    };
  }
}
