import type { Origin } from '../errors.js';
import { JavaDouble } from '../java-value.js';
import { HoconScalar } from './hocon-value.js';

/** What a word without quotes is: true, false, null, a number or text. */
export function scalarOf(word: string, origin: Origin): HoconScalar {
  if (word === 'true' || word === 'false') return new HoconScalar(word === 'true', word, origin);
  if (word === 'null') return new HoconScalar(null, word, origin);
  if (/^-?\d+$/.test(word)) {
    const number = Number(word);
    return new HoconScalar(Number.isSafeInteger(number) ? number : BigInt(word), word, origin);
  }
  if (/^-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$/.test(word))
    return new HoconScalar(new JavaDouble(Number(word)), word, origin);
  return new HoconScalar(word, word, origin);
}
