import type { Type } from 'avsc';
import { AvroDatum, fieldValue, parts } from '../avro/avro-datum.js';
import { isArray, isMap, isRecord, unwrapped } from '../avro/avro-types.js';
import { ChainedCommand } from '../chained-command.js';
import type { CommandInput, CommandType } from '../command.js';
import { MorphlineRuntimeError } from '../errors.js';
import type { RecordValue } from '../java-value.js';
import { fields, type MorphlineRecord } from '../record.js';
import { treePaths, type TreePath } from './extract-json-paths.js';

/** Puts values of the Avro datum in `_attachment_body` into fields, by paths such as `/a/b[]/c`. What is not there adds nothing. */
export const extractAvroPaths: CommandType = {
  name: 'extractAvroPaths',
  className: 'org.kitesdk.morphline.avro.ExtractAvroPathsBuilder',
  create: (input) => new ExtractAvroPaths(input),
};

/** Puts every value of the Avro datum in `_attachment_body` into a field named by its path: `/a/b`. */
export const extractAvroTree: CommandType = {
  name: 'extractAvroTree',
  className: 'org.kitesdk.morphline.avro.ExtractAvroTreeBuilder',
  create: (input) => new ExtractAvroTree(input),
};

class ExtractAvroPaths extends ChainedCommand {
  private readonly flatten: boolean;
  private readonly paths: readonly TreePath[];

  constructor({ arguments: args, child }: CommandInput) {
    super(child);
    this.flatten = args.boolean('flatten', true);
    this.paths = treePaths(args);
  }

  process(record: MorphlineRecord): boolean {
    const datum = datumOf(record, 'extractAvroPaths');
    const output = record.copy();
    for (const { field, steps } of this.paths) {
      const found: RecordValue[] = [];
      this.follow(datum.type, datum.value, steps, 0, found);
      output.putAll(field, found);
    }
    return this.child.process(output);
  }

  private follow(given: Type, value: unknown, steps: readonly string[], level: number, found: RecordValue[]): void {
    const step = steps[level] ?? '';
    const isLeaf = level + 1 === steps.length;
    // Kite does not look through a union for the items of a list.
    const [type, inner] = step === '[]' ? [given, value] : unwrapped(given, value);
    if (inner === null || inner === undefined) return;
    if (step === '[]') {
      if (!isArray(type)) return;
      if (isLeaf) this.add(type, inner, found);
      else for (const item of inner as readonly unknown[]) this.follow(type.itemsType, item, steps, level + 1, found);
      return;
    }
    if (!isRecord(type) && !isMap(type)) return;
    const part = parts(type, inner)?.find(([name]) => name === step);
    if (part === undefined) return;
    if (isLeaf) this.add(part[1], part[2], found);
    else this.follow(part[1], part[2], steps, level + 1, found);
  }

  private add(type: Type, value: unknown, found: RecordValue[]): void {
    if (this.flatten) flatten(type, value, found);
    else {
      const whole = fieldValue(type, value);
      if (whole !== null) found.push(whole);
    }
  }
}

class ExtractAvroTree extends ChainedCommand {
  private readonly prefix: string;

  constructor({ arguments: args, child }: CommandInput) {
    super(child);
    this.prefix = args.string('outputFieldPrefix', '');
  }

  process(record: MorphlineRecord): boolean {
    const datum = datumOf(record, 'extractAvroTree');
    const output = record.copy();
    walk(datum.type, datum.value, this.prefix, output);
    return this.child.process(output);
  }
}

function walk(type: Type, value: unknown, path: string, output: MorphlineRecord): void {
  const members = parts(type, value);
  if (members === null) {
    const found = fieldValue(type, value);
    if (found !== null) output.put(path, found);
    return;
  }
  for (const [name, part, inner] of members) walk(part, inner, name === '[]' ? path : `${path}/${name}`, output);
}

function flatten(type: Type, value: unknown, found: RecordValue[]): void {
  const members = parts(type, value);
  if (members !== null) for (const [, part, inner] of members) flatten(part, inner, found);
  else {
    const leaf = fieldValue(type, value);
    if (leaf !== null) found.push(leaf);
  }
}

function datumOf(record: MorphlineRecord, command: string): AvroDatum {
  const body = record.first(fields.attachmentBody);
  if (body instanceof AvroDatum) return body;
  throw new MorphlineRuntimeError(
    `${command} needs an Avro datum in ${fields.attachmentBody}: put readAvro or readAvroContainer before it`,
  );
}
