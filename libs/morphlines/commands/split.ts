import { compileJavaRegex } from '#std/java-regex';
import type { Arguments } from '../arguments.js';
import { StepCommand } from '../chained-command.js';
import type { CommandType, MorphlineContext } from '../command.js';
import { javaText, javaTrim } from '../java-value.js';
import type { MorphlineRecord } from '../record.js';
import { grokDictionary } from './grok-arguments.js';

/** Where the next separator is from `from` on: its begin and end; null where there is none. */
type FindSeparator = (text: string, from: number) => readonly [number, number] | null;

/** Cuts texts at a separator, into one field or one field for each piece. */
export const split: CommandType = {
  name: 'split',
  className: 'org.kitesdk.morphline.stdlib.SplitBuilder',
  create({ arguments: args, child, context }) {
    const inputField = args.string('inputField');
    const outputField = args.optionalString('outputField');
    const outputFields = args.optionalStrings('outputFields');
    if ((outputField === null) === (outputFields === null)) args.fail('give either outputField or outputFields');
    const find = separatorOf(args, context, null);
    const limit = args.integer('limit', -1);
    const addEmptyStrings = args.boolean('addEmptyStrings', false);
    const trim = args.boolean('trim', true);
    const omitEmpty = outputFields === null && !addEmptyStrings;
    const put = (record: MorphlineRecord, pieces: readonly string[]): void => {
      if (outputField !== null) record.putAll(outputField, pieces);
      for (const [index, name] of (outputFields ?? []).entries()) {
        const piece = pieces[index];
        if (name !== '' && piece !== undefined && (piece !== '' || addEmptyStrings)) record.put(name, piece);
      }
    };
    return new StepCommand(child, (record) => {
      for (const value of record.get(inputField).slice()) {
        put(record, piecesOf(javaText(value), { find, limit, trim, omitEmpty }));
      }
      return true;
    });
  },
};

/** Cuts each text of a field at its first separator into the name of a field and its value. */
export const splitKeyValue: CommandType = {
  name: 'splitKeyValue',
  className: 'org.kitesdk.morphline.stdlib.SplitKeyValueBuilder',
  create({ arguments: args, child, context }) {
    const inputField = args.string('inputField');
    const prefix = args.string('outputFieldPrefix', '');
    const find = separatorOf(args, context, '=');
    const addEmptyStrings = args.boolean('addEmptyStrings', false);
    const trim = args.boolean('trim', true) ? javaTrim : (text: string) => text;
    return new StepCommand(child, (record) => {
      for (const item of record.get(inputField).slice()) {
        const text = javaText(item);
        const [start, end] = find(text, 0) ?? [text.length, text.length];
        const value = trim(text.slice(end));
        if (value !== '' || addEmptyStrings) record.put(prefix + trim(text.slice(0, start)), value);
      }
      return true;
    });
  },
};

interface Cutting {
  readonly find: FindSeparator;
  /** Pieces at most, the last with all the rest; none where not above 0. Omitted pieces do not count. */
  readonly limit: number;
  readonly trim: boolean;
  readonly omitEmpty: boolean;
}

function piecesOf(text: string, { find, limit, trim, omitEmpty }: Cutting): string[] {
  const pieces: string[] = [];
  let start = 0;
  for (let isEnd = false; !isEnd;) {
    const separator = find(text, start);
    let piece = text.slice(start, separator?.[0]);
    if (trim) piece = piece.trim();
    isEnd = separator === null;
    if (piece !== '' || !omitEmpty) {
      if (pieces.length + 1 === limit) {
        piece = text.slice(start);
        if (trim) piece = piece.trim();
        isEnd = true;
      }
      pieces.push(piece);
    }
    start = separator?.[1] ?? 0;
  }
  return pieces;
}

function separatorOf(args: Arguments, context: MorphlineContext, fallback: string | null): FindSeparator {
  const separator = args.string('separator', fallback ?? undefined);
  if (separator === '') args.fail('separator must not be empty', 'separator');
  const dictionary = grokDictionary(args, context);
  if (!args.boolean('isRegex', false)) {
    return (text, from) => {
      const at = text.indexOf(separator, from);
      return at < 0 ? null : [at, at + separator.length];
    };
  }
  const pattern = args.attempt('separator', separator, () => compileJavaRegex(dictionary.expand(separator), 'g'));
  if (''.search(pattern) === 0) args.fail('the pattern must not match an empty text', 'separator');
  return (text, from) => {
    pattern.lastIndex = from;
    const match = pattern.exec(text);
    return match === null || match[0] === '' ? null : [match.index, pattern.lastIndex];
  };
}
