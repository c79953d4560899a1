import { Controller, Get, NotFoundException, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { readRanges } from '#jobs/range-reader';
import { filterProblem } from '#jobs/record-filter';
import { timeText } from '#jobs/record-line';
import { TopicAdmin } from '#topics/topic-admin';
import { Requires } from '../../access/requires.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { RecordDecoders } from './decoders/record-decoders.js';
import { contentOf, headersOf, RecordDetail } from './record-detail.js';
import { histogramOf, HistogramQuery, RecordHistogram } from './record-histogram.js';

const CheckQuery = z.object({ filter: z.string().max(4000) }).meta({ id: 'RecordFilterQuery' });

const FilterCheck = z
  .object({
    valid: z.boolean(),
    problem: z
      .object({
        message: z.string(),
        from: z.int().describe('Character of the filter, from 0.'),
        to: z.int().describe('The one after the last that is meant.'),
      })
      .nullable(),
  })
  .meta({ id: 'RecordFilterCheck' });

const Place = z.object({ partition: z.coerce.number().int().min(0), offset: z.coerce.number().int().min(0) });

const readMsMax = 15_000;

/** One record, filters before they are used, and how records lie in time. */
@Section('Records')
@Controller('api/v1/topics')
export class RecordController {
  constructor(
    private readonly topics: TopicAdmin,
    private readonly decoders: RecordDecoders,
  ) {}

  @Get(':topic/records\\:check')
  @Requires('topics', 'read', 'topic')
  @Summary('Says whether a filter of records is one, and where it is not')
  @Answers({ 200: FilterCheck })
  check(@Query({ schema: CheckQuery }) { filter }: z.output<typeof CheckQuery>): z.input<typeof FilterCheck> {
    const problem = filterProblem(filter);
    return { valid: problem === null, problem };
  }

  @Get(':topic/records\\:histogram')
  @Requires('topics', 'read', 'topic')
  @Summary('Records by time, from the first to the last one, in equal steps')
  @Answers({ 200: RecordHistogram }, 404)
  async histogram(
    @Param('topic') topic: string,
    @Query({ schema: HistogramQuery }) query: z.output<typeof HistogramQuery>,
  ): Promise<z.input<typeof RecordHistogram>> {
    await this.find(topic);
    return histogramOf(this.topics, topic, query);
  }

  @Get(':topic/records/:partition/:offset')
  @Requires('topics', 'read', 'topic')
  @Summary('A record, its key and value read by every decoder, with the reasons of those that cannot')
  @Answers({ 200: RecordDetail }, 404)
  async get(
    @Param('topic') topic: string,
    @Param('partition') partitionText: string,
    @Param('offset') offsetText: string,
  ): Promise<z.input<typeof RecordDetail>> {
    const place = Place.safeParse({ partition: partitionText, offset: offsetText });
    if (!place.success) throw new NotFoundException('A record is named by its partition and its offset');
    const { partition, offset } = place.data;
    const partitions = await this.find(topic);
    if (partition >= partitions) throw new NotFoundException(`Topic ${topic} has no partition ${partition}`);
    const [starts, ends] = await Promise.all([
      this.topics.offsets(topic, 'earliest'),
      this.topics.offsets(topic, 'latest'),
    ]);
    const offsetIn = (list: typeof starts): number => list.find((each) => each.partition === partition)?.offset ?? 0;
    const [first, next] = [offsetIn(starts), offsetIn(ends)];
    const where = `partition ${partition} of ${topic}`;
    if (offset < first || offset >= next) {
      const has = first === next ? 'it is empty' : `it has offsets ${first} to ${next - 1}`;
      throw new NotFoundException(`There is no record ${offset} in ${where}: ${has}`);
    }
    const ranges = [{ topic, partition, from: offset, to: offset + 1 }];
    for await (const read of readRanges(this.topics.cluster, ranges, AbortSignal.timeout(readMsMax))) {
      const { records } = read;
      for (let index = 0; index < records.count; index += 1) {
        if (records.offset(index) !== offset) continue;
        return {
          topic,
          partition,
          offset,
          timestamp: timeText(records.timestamp(index)),
          key: await contentOf(records.key(index), { topic, side: 'key' }, this.decoders),
          value: await contentOf(records.value(index), { topic, side: 'value' }, this.decoders),
          headers: headersOf(read, index),
          first_offset: first,
          next_offset: next,
        };
      }
    }
    throw new NotFoundException(
      `There is no record ${offset} in ${where} any more: it was compacted away, aborted, or marks a transaction`,
    );
  }

  /** Gives the number of its partitions. */
  private async find(topic: string): Promise<number> {
    const found = await this.topics.describeTopic(topic);
    if (found === null) throw new NotFoundException(`There is no topic ${topic}`);
    return found.partitions;
  }
}
