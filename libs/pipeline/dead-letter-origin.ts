import type { RecordHeader } from '#pipeline/sink-batch';

/** What the context headers of a dead letter say (`contextHeaders` writes them, Kafka Connect too); null where a header is not there. */
export interface DeadLetterOrigin {
  readonly connector: string | null;
  readonly task: number | null;
  /** Where the record lay that died; after a redrive that is the copy. */
  readonly topic: string | null;
  readonly partition: number | null;
  readonly offset: number | null;
  readonly stage: string | null;
  /** The converter or the kind of sink that refused it. */
  readonly className: string | null;
  readonly errorClass: string | null;
  readonly message: string | null;
  readonly stacktrace: string | null;
  readonly attempts: number | null;
  /** ISO 8601. */
  readonly failedAt: string | null;
  /** How often it was sent again before it died this time. */
  readonly redrives: number;
  /** Where the record lay before the first redrive; null without one. */
  readonly first: { readonly topic: string; readonly partition: number; readonly offset: number } | null;
}

const connectPrefix = '__connect.errors.';
const ownPrefix = '__sink.errors.';
const redrivePrefix = '__sink.redrive.';

/** Of several headers of one name the first counts: a record that died before has its older ones behind. */
export function deadLetterOrigin(headers: readonly RecordHeader[]): DeadLetterOrigin {
  const texts = new Map<string, string>();
  for (const { key, value } of headers) {
    if (value !== null && !texts.has(key)) texts.set(key, value.toString('utf8'));
  }
  const text = (name: string): string | null => texts.get(name) ?? null;
  const count = (name: string): number | null => {
    const found = texts.get(name);
    return found !== undefined && /^\d{1,15}$/.test(found) ? Number(found) : null;
  };
  const [topic, partition, offset] = [
    text(`${redrivePrefix}topic`),
    count(`${redrivePrefix}partition`),
    count(`${redrivePrefix}offset`),
  ];
  return {
    connector: text(`${connectPrefix}connector.name`),
    task: count(`${connectPrefix}task.id`),
    topic: text(`${connectPrefix}topic`),
    partition: count(`${connectPrefix}partition`),
    offset: count(`${connectPrefix}offset`),
    stage: text(`${connectPrefix}stage`),
    className: text(`${connectPrefix}class.name`),
    errorClass: text(`${connectPrefix}exception.class.name`),
    message: text(`${connectPrefix}exception.message`),
    stacktrace: text(`${connectPrefix}exception.stacktrace`),
    attempts: count(`${ownPrefix}attempts`),
    failedAt: text(`${ownPrefix}first.failed.at`),
    redrives: count(`${redrivePrefix}count`) ?? 0,
    first: topic !== null && partition !== null && offset !== null ? { topic, partition, offset } : null,
  };
}

/** The headers that the record had before it died and was sent again. */
export function originalHeaders(headers: readonly RecordHeader[]): readonly RecordHeader[] {
  return headers.filter(({ key }) =>
    [connectPrefix, ownPrefix, redrivePrefix].every((prefix) => !key.startsWith(prefix)),
  );
}

/**
 * The headers of a copy that is sent again: those of the record, and behind them where it lay first, how often it was sent again, and which
 * dead letter it was.
 */
export function redriveHeaders(
  headers: readonly RecordHeader[],
  letter: { readonly topic: string; readonly partition: number; readonly offset: number; readonly job: string },
): readonly RecordHeader[] {
  const { redrives, first, topic, partition, offset } = deadLetterOrigin(headers);
  const texts: Record<string, string> = {
    topic: first?.topic ?? topic ?? letter.topic,
    partition: String(first?.partition ?? partition ?? letter.partition),
    offset: String(first?.offset ?? offset ?? letter.offset),
    count: String(redrives + 1),
    letter: `${letter.topic}-${letter.partition}-${letter.offset}`,
    job: letter.job,
  };
  const added = Object.entries(texts).map(([name, text]) => ({ key: redrivePrefix + name, value: Buffer.from(text) }));
  return [...originalHeaders(headers), ...added];
}
