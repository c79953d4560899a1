import { z } from 'zod';
import type { HandledLetter, LetterState } from './letter-ledger.js';
import { commonMessage } from './common-message.js';
import { compileLetterExpression } from './letter-expression.js';
import type { Letter } from './letter.js';

export const letterIdsMax = 10_000;

/** Which dead letters; several conditions hold together. Also the query of the lists. */
export const letterConditions = {
  stage: z.string().max(100).optional().describe('`VALUE_CONVERTER`, `KEY_CONVERTER`, `TRANSFORMATION`, `TASK_PUT`.'),
  error_class: z.string().max(300).optional().describe('Name of the class of the error.'),
  message: z.string().max(1000).optional().describe('Part of the message, in any case.'),
  like: z.string().max(1000).optional().describe('The message as summaries group it: digits and quoted values as `#`.'),
  topic: z.string().max(249).optional().describe('The topic that the record lay in.'),
  partition: z.coerce.number().int().min(0).optional().describe('The partition that the record lay in.'),
  since: z.iso.datetime({ offset: true }).optional().describe('Died at this time or later.'),
  until: z.iso.datetime({ offset: true }).optional().describe('Died before this time.'),
  filter: z
    .string()
    .min(1)
    .max(4000)
    .optional()
    .describe(
      'An expression (CEL) over key, value, json, headers, topic, partition, offset, stage, error_class, message and redrives: ' +
        '`json.amount > 100 && stage == "TASK_PUT"`.',
    ),
} as const;

const LetterConditions = z.strictObject(letterConditions);
export type LetterConditions = z.output<typeof LetterConditions>;

export const LetterId = z.strictObject({ partition: z.int().min(0), offset: z.int().min(0) });

/** What redrive and discard take: letters by their places in the dead-letter topic, or by conditions; nothing = every open one. */
export const letterChoice = {
  ids: z
    .array(LetterId)
    .min(1)
    .max(letterIdsMax)
    .optional()
    .describe('Places in the dead-letter topic, as lists show them; at most 10,000.'),
  ...letterConditions,
} as const;

export type LetterChoice = LetterConditions & { readonly ids?: readonly z.output<typeof LetterId>[] | undefined };

export interface ChosenBy {
  /** Offsets by partition; null: not by places. */
  readonly places: ReadonlyMap<number, ReadonlySet<number>> | null;
  matches(letter: Letter): boolean;
}

/** Throws `dead.letters.filter.invalid`. */
export function compileChoice(choice: LetterChoice): ChosenBy {
  const expression = choice.filter === undefined ? null : compileLetterExpression(choice.filter);
  const message = choice.message?.toLowerCase();
  const since = choice.since === undefined ? null : Date.parse(choice.since);
  const until = choice.until === undefined ? null : Date.parse(choice.until);
  const places = choice.ids === undefined ? null : placesOf(choice.ids);
  return {
    places,
    matches(letter) {
      const { origin } = letter;
      if (places !== null && places.get(letter.partition)?.has(letter.offset) !== true) return false;
      if (choice.stage !== undefined && origin.stage !== choice.stage) return false;
      if (choice.error_class !== undefined && origin.errorClass !== choice.error_class) return false;
      if (choice.like !== undefined && (origin.message === null || commonMessage(origin.message) !== choice.like)) {
        return false;
      }
      if (choice.topic !== undefined && origin.topic !== choice.topic) return false;
      if (choice.partition !== undefined && origin.partition !== choice.partition) return false;
      if (message !== undefined && origin.message?.toLowerCase().includes(message) !== true) return false;
      if (since !== null && diedAt(letter) < since) return false;
      if (until !== null && diedAt(letter) >= until) return false;
      return expression === null || expression(letter);
    },
  };
}

/** Ms since the epoch; where the letter does not say, the record's own time. */
export function diedAt({ origin, timestamp }: Letter): number {
  const said = origin.failedAt === null ? Number.NaN : Date.parse(origin.failedAt);
  return Number.isNaN(said) ? timestamp : said;
}

export function stateOf(handled: HandledLetter | null): LetterState {
  return handled?.state ?? 'open';
}

function placesOf(ids: readonly { partition: number; offset: number }[]): ReadonlyMap<number, ReadonlySet<number>> {
  const places = new Map<number, Set<number>>();
  for (const { partition, offset } of ids) {
    const known = places.get(partition);
    if (known === undefined) places.set(partition, new Set([offset]));
    else known.add(offset);
  }
  return places;
}
