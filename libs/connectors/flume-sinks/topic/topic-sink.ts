import type { ChannelSink, ComponentContext } from '#pipeline/collector';
import { PoisonRecordError } from '#pipeline/errors';
import type { EventBatch, HeaderColumn } from '#pipeline/event-batch';
import { EventSinkBatch } from '#pipeline/event-sink-batch';
import { CalendarZone } from '#std/calendar-zone';
import { traceHeader } from '#pipeline/tracer';
import { messageOf } from '#std/errors';
import { encodeAvroFlumeEvents } from '../../channels/topic/avro-flume-event.js';
import { keyHeader, keysOf, partitionsOf, timestampsOf } from '../../channels/topic/event-columns.js';
import { closeWithin, type TopicAccess, type TopicOutput } from '../../channels/topic/topic-access.js';
import type { ProducerProperties } from '../../channels/topic/producer-properties.js';
import { machineHostNames } from '../../formats/path-escapes.js';
import { PathTemplate } from '../../formats/path-template.js';
import { recordTimeMs } from '../../formats/record-time.js';
import { deadLetter, taskErrorOf, writeAround } from './poison-events.js';

export interface TopicSinkSettings {
  readonly topic: string;
  readonly batchSize: number;
  readonly producer: ProducerProperties;
  readonly flumeEventFormat: boolean;
  /** Header whose value takes the place of `topic`; null: none. */
  readonly topicHeader: string | null;
  readonly partitionIdHeader: string | null;
  readonly defaultPartitionId: number | null;
  /** Header that becomes the record's timestamp; null: the time of the write. */
  readonly timestampHeader: string | null;
  /** 'all', or record header names by event header. */
  readonly headers: 'all' | Readonly<Record<string, string>>;
  /** Topic of events that can never be written; null: they are tried for ever, as in Flume. */
  readonly deadLetterTopic?: string | null;
  /** As a sink task: what can never be written is a bad record, or is tried for ever like everything else. Absent: no task. */
  readonly failures?: 'poison' | 'again';
}

/** Batches under way to the topics at once: the writer joins small ones, so there is no need to join them before. */
const writesInFlightMax = 16;

/** Writes events to topics. Bodies are not copied before the record batch is built; headers go over as columns. */
export class TopicSink implements ChannelSink {
  readonly writesInFlightMax = writesInFlightMax;
  /** Null where the topic's name has no escapes. */
  private readonly template: PathTemplate | null;
  private output: TopicOutput | null = null;
  private context: ComponentContext | null = null;

  constructor(
    private readonly settings: TopicSinkSettings,
    private readonly access: TopicAccess,
  ) {
    this.template = settings.topic.includes('%') ? topicTemplate(settings.topic) : null;
  }

  get batchSize(): number {
    return this.settings.batchSize;
  }

  start(context: ComponentContext): Promise<void> {
    this.context = context;
    this.output = this.access.openWriter(this.settings.producer.writer);
    context.count('ConnectionCreatedCount', 1);
    return Promise.resolve();
  }

  /** What the topics have not taken by then is refused, and lies in the channel again. */
  async stop(): Promise<void> {
    const { output, context } = this;
    this.output = null;
    if (output !== null && context !== null) await closeWithin(output, context.clock);
    await this.access.close();
  }

  async write(batch: EventBatch): Promise<void> {
    const parts = this.byTopic(batch);
    const [only] = parts;
    const isWhole = parts.length === 1 && only !== undefined;
    const { failures } = this.settings;
    try {
      if (isWhole) await this.writePart(only.topic, only.batch);
      else await Promise.all(parts.map((part) => this.writePart(part.topic, part.batch)));
    } catch (error) {
      throw failures === undefined ? error : taskErrorOf(error, { isPoisonKnown: failures === 'poison', isWhole });
    }
  }

  private writePart(topic: string, batch: EventBatch): Promise<void> {
    const letters = this.settings.deadLetterTopic ?? null;
    if (letters === null) return this.writeTo(topic, batch);
    return writeAround(
      batch,
      (part) => this.writeTo(topic, part),
      async (event, error) => {
        const { output, context } = this;
        if (output === null || context === null) throw error;
        await output.write(letters, deadLetter(event, topic, error, context.clock.now()));
        context.count('DeadLetterCount', 1);
      },
    );
  }

  private async writeTo(topic: string, batch: EventBatch): Promise<void> {
    const { settings, output, context } = this;
    if (output === null || context === null) throw new Error('The topic sink is not started.');
    const keys = keysOf(batch);
    const partitions = this.partitionsOf(batch);
    const timestamps =
      settings.timestampHeader === null
        ? context.clock.now()
        : timestampsOf(batch, settings.timestampHeader, context.clock.now());
    const values = settings.flumeEventFormat ? encodeAvroFlumeEvents(batch) : batch;
    await output.write(topic, {
      bytes: values.bytes,
      starts: values.starts,
      ends: values.ends,
      headers: this.recordHeaders(batch),
      timestamps,
      ...(keys === undefined ? {} : { keys }),
      ...(partitions === undefined ? {} : { partitions }),
    });
  }

  private partitionsOf(batch: EventBatch): number | Int32Array | undefined {
    const { partitionIdHeader: header, defaultPartitionId: fallback } = this.settings;
    try {
      return partitionsOf(batch, { header, fallback });
    } catch (error) {
      throw new PoisonRecordError(messageOf(error), null, { cause: error });
    }
  }

  /** What the record holds elsewhere (key, timestamp) is not sent as a header as well. */
  private recordHeaders(batch: EventBatch): ReadonlyMap<string, HeaderColumn> {
    const { headers, timestampHeader } = this.settings;
    const sent = new Map<string, HeaderColumn>();
    if (headers === 'all') {
      for (const [name, column] of batch.headers) {
        if (name !== keyHeader && name !== timestampHeader) sent.set(name, column);
      }
      return sent;
    }
    for (const [eventHeader, recordHeader] of Object.entries(headers)) {
      const column = batch.headers.get(eventHeader);
      if (column !== undefined) sent.set(recordHeader, column);
    }
    // The way of an event goes on behind the topic, whatever headers are named.
    const trace = batch.headers.get(traceHeader);
    if (trace !== undefined && !sent.has(traceHeader)) sent.set(traceHeader, trace);
    return sent;
  }

  /** The header's topic, else the configured one, its escapes resolved. */
  private byTopic(batch: EventBatch): { topic: string; batch: EventBatch }[] {
    const { topic, topicHeader } = this.settings;
    const column = topicHeader === null ? undefined : batch.headers.get(topicHeader);
    const names = this.template === null ? null : this.resolveTopics(this.template, batch);
    if (column === undefined && names === null) return [{ topic, batch }];
    if (typeof column === 'string' && column !== '') return [{ topic: column, batch }];
    const indexes = new Map<string, number[]>();
    for (let index = 0; index < batch.count; index += 1) {
      const value = typeof column === 'string' ? '' : (column?.[index] ?? '');
      const name = value === '' ? (names?.[index] ?? topic) : value;
      const list = indexes.get(name);
      if (list === undefined) indexes.set(name, [index]);
      else list.push(index);
    }
    return [...indexes].map(([name, list]) => ({
      topic: name,
      batch: indexes.size === 1 ? batch : batch.select(Int32Array.from(list)),
    }));
  }

  /** What a topic's name cannot have becomes `_`. An event without the header `timestamp` goes by the clock. */
  private resolveTopics(template: PathTemplate, batch: EventBatch): string[] {
    const timeMs = this.context?.clock.now() ?? 0;
    const records = new EventSinkBatch(batch, { topic: '', partition: 0, firstOffset: 0, timeMs });
    return Array.from({ length: batch.count }, (_, index) =>
      template.resolve(records, index, recordTimeMs(records, index)).replaceAll(/[^a-zA-Z0-9._-]/g, '_'),
    );
  }
}

function topicTemplate(text: string): PathTemplate {
  const zone = CalendarZone.find(null);
  if (zone === null) throw new Error('This machine has no time zone.');
  return new PathTemplate(text, { zone, rounding: null, host: machineHostNames(), asFlume: true });
}
