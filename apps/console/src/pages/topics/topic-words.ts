/** Settings and numbers of topics as sentences. */
import { formatBytes, formatPlural, formatSeconds } from '../../ui/format.js';
import type { TopicConfig, TopicGroups, TopicPartition, TruncationPlan } from './topic-api.js';

/** As large as Kafka's long gets: "never". */
const never = Number('9223372036854775807');

/** `604800000` of `retention.ms` as `7 d`; null where the value says it itself. */
export function humanValue(name: string, value: string | null): string | null {
  if (value === null || value === '' || Number.isNaN(Number(value))) return null;
  const number = Number(value);
  const isTime = name.endsWith('.ms');
  if (!isTime && !name.endsWith('.bytes')) return number >= never ? 'never' : null;
  if (number >= never) return isTime ? 'without limit' : 'never';
  if (number === -1) return 'without limit';
  if (number < 0) return null;
  return isTime ? formatSeconds(number / 1_000) : number < 1_024 ? null : formatBytes(number);
}

export interface Retention {
  /** What rules. */
  readonly rules: readonly string[];
  /** When the oldest record is due, ms since 1970; null: never by age, or not known. */
  readonly dueAt: number | null;
}

/** What the topic keeps, and until when; `oldestAt` is the time of its oldest record, ms since 1970. */
export function retentionOf(
  configs: readonly TopicConfig[],
  { partitions, oldestAt }: { partitions: readonly TopicPartition[]; oldestAt: number | null },
): Retention {
  const valueOf = (name: string): string => configs.find((config) => config.name === name)?.value ?? '';
  const policy = valueOf('cleanup.policy');
  const rules: string[] = [];
  if (policy.includes('compact')) {
    rules.push('Compaction keeps the newest record of each key; older ones of the same key go.');
  }
  if (!policy.includes('delete')) {
    rules.push('Nothing is removed by age or by size.');
    return { rules, dueAt: null };
  }
  const ms = Number(valueOf('retention.ms') || -1);
  const bytes = Number(valueOf('retention.bytes') || -1);
  rules.push(
    ms < 0
      ? 'Nothing is removed by age.'
      : `Records older than ${formatSeconds(ms / 1_000)} are removed, a closed segment at a time.`,
  );
  if (bytes >= 0) {
    rules.push(`While a partition is larger than ${formatBytes(bytes)}, its oldest closed segments are removed.`);
    const fullest = partitions.toSorted((left, right) => (right.size_bytes ?? 0) - (left.size_bytes ?? 0))[0];
    if (fullest !== undefined && fullest.size_bytes !== null && bytes > 0) {
      const share = Math.round((fullest.size_bytes / bytes) * 100);
      rules.push(`The fullest, partition ${fullest.partition}, is at ${share} % of that.`);
    }
  } else {
    rules.push('Nothing is removed by size.');
  }
  const holders = valueOf('retention.hold.groups');
  if (holders !== '') rules.push(`Nothing goes that ${holders.replaceAll(/[\s,]+/g, ', ')} has not read.`);
  return { rules, dueAt: ms < 0 || oldestAt === null ? null : oldestAt + ms };
}

/** Groups with a position before the cut, and how many records each would never see. */
export function groupsThatLose(
  groups: TopicGroups['groups'],
  cuts: TruncationPlan['partitions'],
): readonly { readonly name: string; readonly records: number }[] {
  return groups.flatMap(({ name, partitions }) => {
    const records = cuts.reduce((sum, cut) => {
      const place = partitions.find(({ partition }) => partition === cut.partition)?.committed ?? null;
      if (place === null) return sum;
      return sum + Math.max(0, cut.new_earliest_offset - Math.max(place, cut.old_earliest_offset));
    }, 0);
    return records === 0 ? [] : [{ name, records }];
  });
}

export function sizeOf(partitions: readonly TopicPartition[]): number | null {
  return partitions.reduce<number | null>((sum, { size_bytes: size }) => {
    return sum === null || size === null ? null : sum + size;
  }, 0);
}

export function recordsOf(partitions: readonly TopicPartition[]): number {
  return partitions.reduce((sum, { earliest_offset: from, latest_offset: to }) => sum + to - from, 0);
}

export function partitionWords(count: number, replication: number): string {
  return `${formatPlural(count, 'partition')}, ${formatPlural(replication, 'copy', 'copies')} of each`;
}
