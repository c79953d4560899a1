import { z } from 'zod';
import { redriveHeaders } from '#pipeline/dead-letter-origin';
import type { WriteRecord } from '#topics/topic-writer';
import type { KeptLetter, LetterBox } from './letter-box.js';
import { editedLetter, LetterEdit } from './letter-edit.js';
import { letterChoice, stateOf, type ChosenBy } from './letter-filter.js';

/** What a redrive takes besides the sink; also the body of its route. */
export const redriveFields = {
  ...letterChoice,
  edit: LetterEdit.optional().describe('What is changed of each before it is sent.'),
  target_topic: z
    .string()
    .min(1)
    .max(249)
    .optional()
    .describe('Where to instead of the topic that each came from: a topic that only this sink reads, for example.'),
  rate: z.int().min(0).max(1_000_000).default(1000).describe('Most records a second; 0 = no limit.'),
  redrives_max: z
    .int()
    .min(1)
    .max(1000)
    .default(3)
    .describe('A letter that was sent again so often and has died again is left where it is.'),
} as const;

const RedriveFields = z.strictObject(redriveFields);
export type RedriveFields = z.output<typeof RedriveFields>;

/** What happens with one letter that was looked at. */
export type RedriveVerdict =
  | { readonly kind: 'send'; readonly topic: string; readonly record: WriteRecord }
  | { readonly kind: 'other' | 'handled' | 'loop' | 'no_origin' | 'not_editable' };

/** Letters by verdict. */
export const RedriveCounts = z.object({
  sent: z.int().describe('Sent again, or would be.'),
  handled: z.int().describe('Chosen, and sent again or discarded before.'),
  loop: z.int().describe('Left: sent again `redrives_max` times already.'),
  no_origin: z.int().describe('Left: without the headers that say where they came from, and no `target_topic`.'),
  not_editable: z.int().describe('Left: no JSON object that `value_patch` could change.'),
});
export type RedriveCounts = z.output<typeof RedriveCounts>;

export const noRedrives: RedriveCounts = { sent: 0, handled: 0, loop: 0, no_origin: 0, not_editable: 0 };

/** `partitionsOf` gives the number of partitions of a topic. */
export function redriveVerdict(
  { letter, handled }: KeptLetter,
  given: {
    readonly fields: RedriveFields;
    readonly chosen: ChosenBy;
    readonly box: Pick<LetterBox, 'sources'>;
    readonly job: string;
    partitionsOf(topic: string): number | null;
  },
): RedriveVerdict {
  const { fields, chosen, box, job } = given;
  const { origin } = letter;
  if (!chosen.matches(letter)) return { kind: 'other' };
  if (stateOf(handled) !== 'open') return { kind: 'handled' };
  if (origin.redrives >= fields.redrives_max) return { kind: 'loop' };
  const only = box.sources.length === 1 ? box.sources[0] : undefined;
  const topic = fields.target_topic ?? origin.topic ?? only;
  if (topic === undefined) return { kind: 'no_origin' };
  const content = editedLetter(letter, fields.edit);
  if (content === null) return { kind: 'not_editable' };
  const { key, value } = content;
  const headers = redriveHeaders(content.headers, { ...letter, job });
  // The partition it came from, so that it lies with the other records of its key; elsewhere the key chooses.
  const isThere = topic === origin.topic && (origin.partition ?? Infinity) < (given.partitionsOf(topic) ?? 0);
  const partition = isThere && origin.partition !== null ? { partition: origin.partition } : {};
  return { kind: 'send', topic, record: { key, value, headers, ...partition, timestamp: letter.timestamp } };
}
