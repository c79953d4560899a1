import { deadLetterErrors } from '#jobs/dead-letters/errors';
import { MillraceError } from '#std/errors';
import { keyOfToken, tokenOfKey } from '../page.js';

export interface LetterPlace {
  readonly partition: number;
  readonly offset: number;
}

/** Of a path. Throws `dead.letters.unknown` (404). */
export function placeIn(partition: string, offset: string): LetterPlace {
  if (isCount(partition) && isCount(offset)) return { partition: Number(partition), offset: Number(offset) };
  const what = `There is no dead letter at partition ${partition}, offset ${offset}: both are whole numbers`;
  throw new MillraceError(deadLetterErrors.noLetter, what);
}

export function tokenOfPlace({ partition, offset }: LetterPlace): string {
  return tokenOfKey(`${partition}:${offset}`);
}

/** A token that is none of ours begins at the start. */
export function placeOfToken(token: string): LetterPlace {
  const [partition = '', offset = ''] = keyOfToken(token).split(':');
  if (!isCount(partition) || !isCount(offset)) return { partition: 0, offset: 0 };
  return { partition: Number(partition), offset: Number(offset) };
}

function isCount(text: string): boolean {
  return /^\d{1,15}$/.test(text);
}
