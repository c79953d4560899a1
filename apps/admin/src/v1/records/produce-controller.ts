import { Body, Controller, NotFoundException, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { LineRecord } from '#jobs/record-line';
import { answerFor } from '#nest/error-answer';
import { FieldProblems } from '#nest/field-problems';
import { partitionOfKey } from '#topics/partitioner';
import { TopicAdmin } from '#topics/topic-admin';
import type { WriteRecord } from '#topics/topic-writer';
import { NotAudited, Requires } from '../../access/requires.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { WriteQuery } from '../connectors/connector-schemas.js';
import { NewRecords, newRecords } from './new-records.js';
import { RecordProducer } from './record-producer.js';

const Written = z
  .object({
    written: z.int(),
    records: z.array(
      z.object({
        partition: z.int().nullable().describe('Null where a dry run can not know: records without a key go anywhere.'),
        offset: z.int().nullable().describe('Null: not written, or an offset that the cluster did not tell.'),
        bytes: z.int().describe('Of key and value.'),
        error: z.object({ code: z.string(), message: z.string() }).nullable(),
      }),
    ),
  })
  .meta({ id: 'WrittenRecords' });
type Written = z.input<typeof Written>;

/** Writes records. */
@Section('Records')
@Controller('api/v1/topics')
export class ProduceController {
  constructor(
    private readonly topics: TopicAdmin,
    private readonly producer: RecordProducer,
  ) {}

  @Post(':topic/records')
  @Requires('topics', 'edit', 'topic')
  @NotAudited()
  @Summary(
    'Writes records, one, a list, or as application/x-ndjson a line each, in the form of exports; acknowledged by all replicas. With ?validate_only=true says where they would go (200); 207 where some could not be written',
  )
  @Answers({ 200: Written, 201: Written, 207: Written }, 404, 413, 422)
  async produce(
    @Param('topic') topic: string,
    @Query({ schema: WriteQuery }) query: z.output<typeof WriteQuery>,
    @Body({ schema: NewRecords.optional() }) body: z.output<typeof NewRecords> | undefined,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Written> {
    const described = await this.topics.describeTopic(topic);
    if (described === null) throw new NotFoundException(`There is no topic ${topic}`);
    const records = await newRecords(request, body);
    checkPartitions(topic, records, described.partitions);
    if (query.validate_only) {
      response.status(200);
      const planned = records.map((record) => ({
        ...sized(record),
        partition: record.partition ?? (record.key === null ? null : partitionOfKey(record.key, described.partitions)),
        offset: null,
        error: null,
      }));
      return { written: 0, records: planned };
    }
    const outcomes = await Promise.allSettled(
      records.map((record) => this.producer.write(topic, writeRecordOf(record))),
    );
    const written = outcomes.filter(({ status }) => status === 'fulfilled').length;
    const [first] = outcomes;
    // Nothing was written: the first reason speaks for all.
    if (written === 0 && first?.status === 'rejected') throw first.reason;
    response.status(written === records.length ? 201 : 207);
    return { written, records: outcomes.map((outcome, index) => report(outcome, records[index], request.path)) };
  }
}

function report(
  outcome: PromiseSettledResult<{ partition: number; offset: number }>,
  record: LineRecord | undefined,
  path: string,
): Written['records'][number] {
  const bytes = record === undefined ? 0 : sized(record).bytes;
  if (outcome.status === 'fulfilled') {
    const { partition, offset } = outcome.value;
    return { partition, offset: offset < 0 ? null : offset, bytes, error: null };
  }
  const { code, detail } = answerFor(outcome.reason, path).body;
  return { partition: null, offset: null, bytes, error: { code: String(code), message: String(detail) } };
}

function sized({ key, value }: LineRecord): { readonly bytes: number } {
  return { bytes: (key?.length ?? 0) + (value?.length ?? 0) };
}

function writeRecordOf({ key, value, headers, timestamp, partition }: LineRecord): WriteRecord {
  return {
    key,
    value,
    headers,
    ...(timestamp === null ? {} : { timestamp }),
    ...(partition === null ? {} : { partition }),
  };
}

function checkPartitions(topic: string, records: readonly LineRecord[], partitions: number): void {
  const problems = records.flatMap(({ partition }, index) => {
    if (partition === null || partition < partitions) return [];
    const message = `Topic ${topic} has ${partitions} partitions, from 0: there is no ${partition}`;
    return [{ pointer: `/${index}/partition`, code: 'unknown', message }];
  });
  const [first] = problems;
  if (first !== undefined) throw new FieldProblems(first.message, problems);
}
