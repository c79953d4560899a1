import { resolveReferences } from '#config/references';
import type { ControlStore } from '#control/control-store';
import { MillraceError } from '#std/errors';
import type { Cluster } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { readRanges, wholeTopic, type OffsetRange } from '../range-reader.js';
import { deadLetterErrors } from './errors.js';
import { letterAt, type Letter } from './letter.js';
import type { ChosenBy } from './letter-filter.js';
import type { HandledLetter, LetterBook, LetterLedger } from './letter-ledger.js';

export interface LetterBoxParts {
  readonly store: Pick<ControlStore, 'findConnector'>;
  readonly cluster: Cluster;
  readonly ledger: LetterLedger;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface KeptLetter {
  readonly letter: Letter;
  /** Null: it is open. */
  readonly handled: HandledLetter | null;
}

/** What one look gave of a partition: letters of the sink, and where the look has come to. */
export interface LetterPage {
  readonly partition: number;
  readonly letters: readonly KeptLetter[];
  readonly nextOffset: number;
  /** Records looked at, those of other sinks that share the topic too. */
  readonly scanned: number;
}

const placeKeys = ['errors.deadletterqueue.topic.name', 'topics', 'consumer.override.bootstrap.servers'];

/** The dead letters of one sink: its topic, read together with what became of each. */
export class LetterBox {
  private constructor(
    private readonly parts: LetterBoxParts,
    readonly sink: string,
    readonly topic: string,
    /** Topics that the sink reads by name. */
    readonly sources: readonly string[],
    readonly book: LetterBook,
    readonly partitions: number,
  ) {}

  /**
   * Throws `dead.letters.sink.unknown`, `dead.letters.topic.none` where the sink has no dead-letter topic or nothing has died yet, and
   * `dead.letters.topic.elsewhere` where it is in another cluster.
   */
  static async open(parts: LetterBoxParts, sink: string): Promise<LetterBox> {
    const connector = await parts.store.findConnector(sink);
    if (connector?.kind !== 'sink') throw new MillraceError(deadLetterErrors.noSink, `There is no sink ${sink}`);
    const written = placeKeys.flatMap((key) => {
      const value = connector.config[key];
      return value === undefined ? [] : [[key, value] as const];
    });
    const config = resolveReferences(Object.fromEntries(written), parts.environment);
    const topic = config['errors.deadletterqueue.topic.name']?.trim() ?? '';
    if (topic === '') {
      const what = `Sink ${sink} has no dead-letter topic. Name one in errors.deadletterqueue.topic.name.`;
      throw new MillraceError(deadLetterErrors.noTopic, what);
    }
    const elsewhere = config['consumer.override.bootstrap.servers'];
    if (elsewhere !== undefined && elsewhere.trim() !== parts.cluster.options.bootstrap.join(',')) {
      const what = `The dead letters of sink ${sink} are at ${elsewhere}, where it reads from, and are not seen from here.`;
      throw new MillraceError(deadLetterErrors.elsewhere, what);
    }
    const described = await new TopicAdmin(parts.cluster).describeTopic(topic);
    if (described === null) {
      const what = `Topic ${topic} of the dead letters of sink ${sink} is not there: nothing has died yet.`;
      throw new MillraceError(deadLetterErrors.noTopic, what);
    }
    const sources = (config['topics'] ?? '').split(',').map((name) => name.trim());
    const book = { sink, topicId: described.id };
    const named = sources.filter((name) => name !== '');
    return new LetterBox(parts, sink, topic, named, book, described.partitions);
  }

  /** All letters that there are now. With `chosen`, only as far as its places reach. */
  async ranges(chosen: Pick<ChosenBy, 'places'> = { places: null }): Promise<readonly OffsetRange[]> {
    const whole = await wholeTopic(new TopicAdmin(this.parts.cluster), this.topic);
    const { places } = chosen;
    if (places === null) return whole;
    return whole.flatMap((range) => {
      const offsets = [...(places.get(range.partition) ?? [])];
      if (offsets.length === 0) return [];
      const [first, last] = [offsets.reduce((a, b) => Math.min(a, b)), offsets.reduce((a, b) => Math.max(a, b))];
      return [{ ...range, from: Math.max(range.from, first), to: Math.min(range.to, last + 1) }];
    });
  }

  async *read(ranges: readonly OffsetRange[], signal: AbortSignal): AsyncGenerator<LetterPage> {
    for await (const polled of readRanges(this.parts.cluster, ranges, signal)) {
      const { partition, records, nextOffset } = polled;
      const range = { partition, from: records.offset(0), to: nextOffset };
      const handled = await this.parts.ledger.handled(this.book, range);
      const letters: KeptLetter[] = [];
      for (let index = 0; index < records.count; index += 1) {
        const letter = letterAt(polled, index);
        const { connector } = letter.origin;
        if (connector === null || connector === this.sink) {
          letters.push({ letter, handled: handled.get(letter.offset) ?? null });
        }
      }
      yield { partition, letters, nextOffset, scanned: records.count };
    }
  }

  /** Null where the topic does not hold it, or it is another sink's. */
  async find(partition: number, offset: number, signal: AbortSignal): Promise<KeptLetter | null> {
    const range = (await this.ranges()).find((candidate) => candidate.partition === partition);
    if (range === undefined || offset < range.from || offset >= range.to) return null;
    for await (const { letters } of this.read([{ ...range, from: offset, to: offset + 1 }], signal)) {
      return letters.find(({ letter }) => letter.offset === offset) ?? null;
    }
    return null;
  }
}
