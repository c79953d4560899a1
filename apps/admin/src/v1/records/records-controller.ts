import { Controller, Get, Headers, NotFoundException, Param, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { OffsetRange } from '#jobs/range-reader';
import { compileRecordFilter } from '#jobs/record-filter';
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
import { RecordDecoders } from './decoders/record-decoders.js';
import { pageBackward, pageForward, type RecordFilter } from './record-page.js';
import { placesOfToken, tokenOfPlaces } from './record-places.js';
import { writeSearch } from './record-search.js';
import { writeTail } from './record-streams.js';
import { RecordView, type Look } from './record-view.js';
import { pageRecordsMax, RecordsQuery } from './records-query.js';

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

  constructor(
    private readonly topics: TopicAdmin,
    private readonly decoders: RecordDecoders,
  ) {}

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
    const isPlaced = [query.offset, query.timestamp, query.page_token].some((given) => given !== undefined);
    const order = query.order ?? (isPlaced ? 'oldest' : null);
    const limit = Math.min(pageRecordsMax, isPlaced ? query.limit : (query.newest ?? query.limit));
    const options = { limit, look: this.look(query), signal };
    const { cluster } = this.topics;
    const { records, next } = await (order === 'oldest' ? pageForward : pageBackward)(cluster, ranges, options);
    // The newest ones alone are one page, in their order.
    const token = next === null || order === null ? null : tokenOfPlaces(next);
    const data = order === null ? records.toReversed() : records;
    response.json(pageWith(data, { kind: 'RecordList', token, request, response }));
  }

  private async search(topic: string, query: RecordsQuery, response: Response): Promise<void> {
    const ranges = await this.ranges(topic, query, query.page_token);
    const { order = 'oldest', limit } = query;
    const { clock } = this.topics.cluster;
    const options = { order, limit, look: this.look(query), filter: filterOf(query), clock };
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
    const isPlaced = [token, query.offset, query.timestamp, query.newest].some((given) => given !== undefined);
    const ranges = await this.ranges(topic, query, token);
    if (ranges.length > tailedPartitionsMax) {
      const text = `Topic ${topic} has ${ranges.length} partitions; at most ${tailedPartitionsMax} are followed at once: name them by partition=`;
      throw new FieldProblems(text, [{ pointer: '/partition', code: 'too_many', message: text }]);
    }
    const starts = ranges.map(({ partition: index, from, to }) => {
      return { topic, partition: index, offset: isPlaced ? from : to };
    });
    const options = { look: this.look(query), filter: filterOf(query), clock: this.topics.cluster.clock };
    await this.streams.run(
      response,
      events,
      (stream) => writeTail(this.topics.cluster, starts, { ...options, stream }),
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
      const place = places?.get(range.partition);
      const end = Math.min(range.to, endOf.get(range.partition) ?? range.to);
      const to = query.order === 'newest' && place !== undefined ? Math.min(end, place) : end;
      const begin = query.newest === undefined ? range.from : Math.max(range.from, end - query.newest);
      const start = query.order === 'newest' ? begin : Math.max(begin, place ?? 0);
      return { ...range, from: Math.min(to, start), to };
    });
  }

  private look({ format, preview }: RecordsQuery): Look {
    return { format, preview: preview ?? null, decoders: this.decoders };
  }

  private problem(error: unknown, topic: string): Readonly<Record<string, unknown>> {
    this.topics.cluster.logger.warn('Reading records for a client failed.', { topic, reason: String(error) });
    return answerFor(error, `/api/v1/topics/${encodeURIComponent(topic)}/records`).body;
  }
}

function filterOf({ filter }: RecordsQuery): RecordFilter | null {
  return filter === undefined ? null : compileRecordFilter(filter);
}
