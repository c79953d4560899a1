import { leavesOf, type Arguments } from '../arguments.js';
import { ChainedCommand } from '../chained-command.js';
import type { CommandInput, CommandType } from '../command.js';
import { MorphlineRuntimeError } from '../errors.js';
import { isTreeList, JavaDouble, type RecordValue, type TreeValue } from '../java-value.js';
import { JsonTree } from '../json-tree.js';
import { fields, type MorphlineRecord } from '../record.js';

/** Puts values of the JSON tree in `_attachment_body` into fields, by paths such as `/a/b[]/c`. What is not there adds nothing. */
export const extractJsonPaths: CommandType = {
  name: 'extractJsonPaths',
  className: 'org.kitesdk.morphline.json.ExtractJsonPathsBuilder',
  create: (input) => new ExtractJsonPaths(input),
};

/** Where in a tree a field's values are. */
export interface TreePath {
  readonly field: string;
  /** Keys; `[]` stands for each item of a list. */
  readonly steps: readonly string[];
}

class ExtractJsonPaths extends ChainedCommand {
  private readonly paths: readonly TreePath[];
  private readonly flatten: boolean;

  constructor({ arguments: args, child }: CommandInput) {
    super(child);
    this.flatten = args.boolean('flatten', true);
    this.paths = treePaths(args);
  }

  process(record: MorphlineRecord): boolean {
    const body = record.first(fields.attachmentBody);
    if (!(body instanceof JsonTree))
      throw new MorphlineRuntimeError(
        `extractJsonPaths needs a JSON tree in ${fields.attachmentBody}: put readJson before it`,
      );
    const output = record.copy();
    for (const { field, steps } of this.paths) {
      const found: RecordValue[] = [];
      this.follow(body.value, steps, 0, found);
      output.putAll(field, found);
    }
    return this.child.process(output);
  }

  private follow(value: TreeValue, steps: readonly string[], level: number, found: RecordValue[]): void {
    if (value === null || typeof value !== 'object' || value instanceof JavaDouble) return;
    const isLeaf = level + 1 === steps.length;
    const step = steps[level] ?? '';
    if (isTreeList(value)) {
      if (step !== '[]') return;
      if (isLeaf) this.add(value, found);
      else for (const item of value) this.follow(item, steps, level + 1, found);
      return;
    }
    if (step === '[]' || !Object.hasOwn(value, step)) return;
    const next = value[step] ?? null;
    if (isLeaf) this.add(next, found);
    else this.follow(next, steps, level + 1, found);
  }

  private add(value: TreeValue, found: RecordValue[]): void {
    if (value === null) return;
    if (typeof value !== 'object' || value instanceof JavaDouble) found.push(value);
    else if (!this.flatten) found.push(new JsonTree(value));
    else for (const item of isTreeList(value) ? value : Object.values(value)) this.add(item, found);
  }
}

/** The argument `paths`: fields, and where their values are. */
export function treePaths(args: Arguments): readonly TreePath[] {
  return leavesOf(args.object('paths')).map(([field, path]) => {
    const text = typeof path === 'string' ? path.trim() : args.fail(`the path of ${field} has to be a text`, 'paths');
    if (text.includes('//')) args.fail(`the path ${text}: // (any depth) is not supported`, 'paths');
    return { field, steps: stepsOf(text) };
  });
}

/** `/a/b[]/c` is a, b, [], c. */
function stepsOf(path: string): string[] {
  const bare = path.replace(/^\//, '').replace(/\/$/, '').trim();
  return bare.split('/').flatMap((written) => {
    const step = written.trim();
    return step.length > 2 && step.endsWith('[]') ? [step.slice(0, -2), '[]'] : [step];
  });
}
