/** The nearest record that a sink took, of the partition where a dead one lay: what they do not have alike is often why it died. */
import type { z } from 'zod';
import type { LetterBox } from '#jobs/dead-letters/letter-box';
import type { Letter } from '#jobs/dead-letters/letter';
import { readRanges, wholeTopic, type OffsetRange } from '#jobs/range-reader';
import type { Cluster } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import type { NeighbourView } from './dead-letter-schemas.js';
import { contentView, headersView, timeOf } from './letter-views.js';

type View = z.output<typeof NeighbourView>;

/** How far to look, in offsets to each side. */
const reach = 100;
/** Of each partition of the dead-letter topic: where others that died lay. */
const lettersMax = 20_000;
const contentBytesMax = 1024 * 1024;

export async function goodNeighbour(
  cluster: Cluster,
  given: { readonly box: LetterBox; readonly letter: Letter; readonly group: string; readonly signal: AbortSignal },
): Promise<View> {
  const { box, letter, group, signal } = given;
  const { topic, partition, offset } = letter.origin;
  if (topic === null || partition === null || offset === null) return none('The letter does not say where it lay.');
  const topics = new TopicAdmin(cluster);
  if ((await topics.describeTopic(topic)) === null) return none(`Topic ${topic} is no longer there.`);
  const whole = (await wholeTopic(topics, topic)).find((range) => range.partition === partition);
  if (whole === undefined) return none(`Topic ${topic} has no partition ${partition} any more.`);
  const committed = (await topics.groupOffsets(group)).find(
    (place) => place.topic === topic && place.partition === partition,
  );
  const around: OffsetRange = {
    topic,
    partition,
    from: Math.max(whole.from, offset - reach),
    // What the sink has not come to is not known to be good.
    to: Math.min(whole.to, offset + reach + 1, committed?.offset ?? whole.to),
  };
  const dead = await deadAround(box, around, signal);
  dead.add(offset);
  let nearest: View['record'] = null;
  for await (const { records } of readRanges(cluster, [around], signal)) {
    for (let index = 0; index < records.count; index += 1) {
      const at = records.offset(index);
      if (dead.has(at) || (nearest !== null && Math.abs(nearest.offset - offset) <= Math.abs(at - offset))) continue;
      nearest = {
        topic,
        partition,
        offset: at,
        timestamp: timeOf(records.timestamp(index)),
        key: contentView(records.key(index), contentBytesMax),
        value: contentView(records.value(index), contentBytesMax),
        headers: headersView(records.headers(index)),
      };
    }
  }
  return nearest === null
    ? none(`Of the ${reach} records before and behind it none was taken, or none is left.`)
    : { record: nearest, reason: null };
}

async function deadAround(box: LetterBox, around: OffsetRange, signal: AbortSignal): Promise<Set<number>> {
  const dead = new Set<number>();
  const ranges = (await box.ranges()).map((range) => ({ ...range, from: Math.max(range.from, range.to - lettersMax) }));
  for await (const { letters } of box.read(ranges, signal)) {
    for (const { letter } of letters) {
      const { topic, partition, offset } = letter.origin;
      const isThere = topic === around.topic && partition === around.partition;
      if (isThere && offset !== null && offset >= around.from && offset < around.to) dead.add(offset);
    }
  }
  return dead;
}

function none(reason: string): View {
  return { record: null, reason };
}
