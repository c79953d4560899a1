/** Files that say what is wanted: JSON or YAML, one thing, a list, or several documents. */
import { readFileSync } from 'node:fs';
import { messageOf } from '#std/errors';
import { CommandError, exitCodes } from './exit-codes.js';

export type Wanted = Readonly<Record<string, unknown>>;

/** Things in one file. */
const wantedMax = 10_000;

/** Throws a sentence that names the file, where it is neither or holds no objects. `-` is standard input. */
export async function readWanted(path: string): Promise<readonly Wanted[]> {
  const text = readFileSync(path === '-' ? 0 : path, 'utf8');
  const name = path === '-' ? 'Standard input' : path;
  const found = (await documentsOf(text, name)).flat();
  if (found.length === 0) throw new CommandError(exitCodes.failed, `${name} holds nothing`);
  if (found.length > wantedMax) throw new CommandError(exitCodes.failed, `${name} holds more than ${wantedMax} things`);
  return found.map((item, at) => {
    if (isRecord(item)) return item;
    throw new CommandError(exitCodes.failed, `${name}: number ${at + 1} is not an object with fields`);
  });
}

/** Every JSON text is YAML too; a mistake is told with its line. */
async function documentsOf(text: string, name: string): Promise<unknown[]> {
  const { parseAllDocuments } = await import('yaml');
  const documents = [...parseAllDocuments(text)];
  return documents.map((document) => {
    const [error] = document.errors;
    if (error !== undefined) {
      throw new CommandError(exitCodes.failed, `${name} is neither JSON nor YAML: ${messageOf(error)}`);
    }
    return document.toJS() as unknown;
  });
}

export function isRecord(value: unknown): value is Wanted {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a resource tells of itself and nobody wants. */
const told = new Set([
  'kind',
  'state',
  'status',
  'revision',
  'created_at',
  'updated_at',
  'updated_by',
  'delivery',
  'id',
]);

export function withoutTold(item: unknown): Wanted {
  return isRecord(item) ? Object.fromEntries(Object.entries(item).filter(([name]) => !told.has(name))) : {};
}

/** Lines that went and came, with two around them; empty where both are alike. */
export function lineDiff(before: string, after: string): string[] {
  const [left, right] = [before.split('\n'), after.split('\n')];
  const marked = [...changes(left, right)];
  const isNear = (at: number): boolean =>
    marked.slice(Math.max(0, at - 2), at + 3).some((line) => !line.startsWith(' '));
  return marked.filter((_, at) => isNear(at));
}

/** By the longest common subsequence: configurations are short. */
function* changes(left: readonly string[], right: readonly string[]): Generator<string> {
  const width = right.length + 1;
  const lengths = new Uint32Array((left.length + 1) * width);
  const lengthAt = (row: number, column: number): number => lengths[row * width + column] ?? 0;
  for (let row = left.length - 1; row >= 0; row -= 1) {
    for (let column = right.length - 1; column >= 0; column -= 1) {
      lengths[row * width + column] =
        left[row] === right[column]
          ? lengthAt(row + 1, column + 1) + 1
          : Math.max(lengthAt(row + 1, column), lengthAt(row, column + 1));
    }
  }
  let [row, column] = [0, 0];
  while (row < left.length || column < right.length) {
    if (row < left.length && column < right.length && left[row] === right[column]) {
      yield `  ${left[row]}`;
      row += 1;
      column += 1;
    } else if (
      row < left.length &&
      (column >= right.length || lengthAt(row + 1, column) >= lengthAt(row, column + 1))
    ) {
      yield `- ${left[row]}`;
      row += 1;
    } else {
      yield `+ ${right[column]}`;
      column += 1;
    }
  }
}
