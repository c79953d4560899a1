import { Controller, Get, Headers, NotFoundException, Param, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { OffsetRange } from '#jobs/range-reader';
import { compileRecordFilter, filterField } from '#jobs/record-filter';
import { rangesOf } from '#jobs/record-range';
import { answerFor } from '#nest/error-answer';
import { FieldProblems } from '#nest/field-problems';
import { listOffsets } from '#topics/offset-lookup';
import { TopicAdmin } from '#topics/topic-admin';
import { Requires } from '../../access/requires.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { pageSchema, pageWith } from '../page.js';
import { AnswerStreams } from './answer-stream.js';
import { pageForward, pageNewest } from './record-page.js';
import { placesOfToken, tokenOfPlaces } from './record-places.js';
import { writeSearch, writeTail } from './record-streams.js';
import { formats, RecordView } from './record-view.js';

const partition = z.coerce.number().int().min(0).max(1_000_000);

export const RecordsQuery = z
  .object({
    partition: z
      .union([partition, z.array(partition).max(1000)])
      .transform((given) => [given].flat())
      .optional()
      .describe('Only these; default: all, merged by time.'),
    offset: z.coerce.number().int().min(0).optional().describe('From here on, in each partition.'),
    timestamp: z.iso.datetime({ offset: true }).optional().describe('From the first record at or after it on.'),
    newest: z.coerce
      .number()
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe(
        'As many of the newest; of a search: only the newest of each partition. Default of a page where neither offset nor timestamp is given: `limit`.',
      ),
    limit: z.coerce.number().int().min(1).max(1000).default(100).describe('Records of a page, or found by a search.'),
    page_token: z.string().max(100_000).optional().describe('`next` of the answer before: goes on there.'),
    filter: filterField.optional(),
    format: z
      .enum(formats)
      .default('auto')
      .describe('Of keys and values: `auto` takes objects and arrays for JSON, other UTF-8 for text.'),
  })
  .refine(
    ({ offset, timestamp, newest }) => [offset, timestamp, newest].filter((given) => given !== undefined).length <= 1,
    { error: 'offset, timestamp and newest exclude each other: give one of them', path: ['offset'] },
  )
  .meta({ id: 'RecordsQuery' });
type RecordsQuery = z.output<typeof RecordsQuery>;

/** What a page may take; partitions that do not answer are no reason to wait longer. */
const pageMsMax = 30_000;
const patienceMs = 15_000;
const tailedPartitionsMax = 200;
const events = 'text/event-stream';
const lines = 'application/x-ndjson';

/** The records of topics: looked at, searched, followed. Only committed ones. */
@Section('Records')
@Controller('api/v1/topics')
export class RecordsController {
  private readonly streams = new AnswerStreams();

  constructor(private readonly topics: TopicAdmin) {}

  @Get(':topic/records')
  @Requires('topics', 'read', 'topic')
  @Summary(
    'Records: a page; with `filter` a search as lines of JSON with progress between them; with Accept: text/event-stream what comes from now on',
  )
  @Answers({ 200: pageSchema('RecordList', RecordView) }, 404, 422)
  async read(
    @Param('topic') topic: string,
    @Query({ schema: RecordsQuery }) query: RecordsQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const accept = request.headers.accept ?? '';
    if (accept.includes(events)) {
      await this.tail(topic, { query, lastEventId }, response);
    } else if (query.filter !== undefined || accept.includes(lines)) {
      await this.search(topic, query, response);
    } else {
      await this.browse(topic, query, { request, response });
    }
  }

  private async browse(
    topic: string,
    query: RecordsQuery,
    { request, response }: { request: Request; response: Response },
  ): Promise<void> {
    const signal = AbortSignal.timeout(pageMsMax);
    const ranges = await this.ranges(topic, query, query.page_token);
    const isForward = [query.offset, query.timestamp, query.page_token].some((given) => given !== undefined);
    const options = { limit: isForward ? query.limit : (query.newest ?? query.limit), format: query.format, signal };
    const { cluster } = this.topics;
    const { records, next } = await (isForward ? pageForward : pageNewest)(cluster, ranges, options);
    const token = next === null ? null : tokenOfPlaces(next);
    response.json(pageWith(records, { kind: 'RecordList', token, request, response }));
  }

  private async search(topic: string, query: RecordsQuery, response: Response): Promise<void> {
    const newest = query.newest ?? Infinity;
    const found = await this.ranges(topic, query, query.page_token);
    const ranges = found.map((range) => ({ ...range, from: Math.max(range.from, range.to - newest) }));
    const options = { ...this.streamOptions(query), limit: query.limit };
    await this.streams.run(
      response,
      lines,
      (stream) => writeSearch(this.topics.cluster, ranges, { ...options, stream }),
      (error) => `${JSON.stringify({ error: this.problem(error, topic) })}\n`,
    );
  }

  private async tail(
    topic: string,
    { query, lastEventId }: { query: RecordsQuery; lastEventId: string | undefined },
    response: Response,
  ): Promise<void> {
    const token = lastEventId ?? query.page_token;
    const isPlaced = [token, query.offset, query.timestamp].some((given) => given !== undefined);
    const ranges = await this.ranges(topic, query, token);
    if (ranges.length > tailedPartitionsMax) {
      const text = `Topic ${topic} has ${ranges.length} partitions; at most ${tailedPartitionsMax} are followed at once: name them by partition=`;
      throw new FieldProblems(text, [{ pointer: '/partition', code: 'too_many', message: text }]);
    }
    const starts = ranges.map(({ partition: index, from, to }) => {
      return { topic, partition: index, offset: isPlaced ? from : to };
    });
    await this.streams.run(
      response,
      events,
      (stream) => writeTail(this.topics.cluster, starts, { ...this.streamOptions(query), stream }),
      (error) => `event: error\ndata: ${JSON.stringify(this.problem(error, topic))}\n\n`,
    );
  }

  /** From where the query, or the token, says to where committed records end now. */
  private async ranges(topic: string, query: RecordsQuery, token: string | undefined): Promise<readonly OffsetRange[]> {
    const places = token === undefined ? null : placesOfToken(token);
    if ((await this.topics.describeTopic(topic)) === null) throw new NotFoundException(`There is no topic ${topic}`);
    const { offset, timestamp } = query;
    const from = offset === undefined ? (timestamp === undefined ? 'earliest' : { timestamp }) : { offset };
    const partitions = query.partition === undefined ? {} : { partitions: query.partition };
    const ranges = await rangesOf(this.topics, { topic, from, to: 'latest', ...partitions });
    const { cluster } = this.topics;
    const asked = ranges.map((range) => ({ topic, partition: range.partition, at: 'latest' as const }));
    const ends = await cluster.attempt(patienceMs, () => listOffsets(cluster, asked, 'read_committed'));
    const endOf = new Map(ends.map((end) => [end.partition, end.offset]));
    return ranges.map((range) => {
      const to = Math.min(range.to, endOf.get(range.partition) ?? range.to);
      return { ...range, from: Math.min(to, Math.max(range.from, places?.get(range.partition) ?? 0)), to };
    });
  }

  private streamOptions({ filter, format }: RecordsQuery): Omit<Parameters<typeof writeTail>[2], 'stream'> {
    return {
      format,
      filter: filter === undefined ? null : compileRecordFilter(filter),
      clock: this.topics.cluster.clock,
    };
  }

  private problem(error: unknown, topic: string): Readonly<Record<string, unknown>> {
    this.topics.cluster.logger.warn('Reading records for a client failed.', { topic, reason: String(error) });
    return answerFor(error, `/api/v1/topics/${encodeURIComponent(topic)}/records`).body;
  }
}
