import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { systemCode } from '#std/errors';
import { MorphlineCompileError, type Origin } from '../errors.js';
import { ObjectNode } from './hocon-node.js';
import { HoconParser } from './hocon-parser.js';
import { parsePath } from './hocon-path.js';
import { HoconResolver } from './hocon-resolver.js';
import { scalarOf } from './hocon-scalar.js';
import { HoconScalar, type HoconObject } from './hocon-value.js';

/** Files that include each other deeper than this include themselves. */
const includesMax = 50;

export interface HoconOptions {
  /** Values by path that win over the file's own: Flume's `morphlineVariable.*`. */
  readonly overrides?: Readonly<Record<string, string>>;
  /** Default: the process's own. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Reads a HOCON file with what it includes. Throws a MorphlineCompileError. */
export function readHocon(path: string, options: HoconOptions = {}): HoconObject {
  const text = readText(path);
  if (text === null) throw new MorphlineCompileError(`the file ${path} does not exist`, null);
  return parseHocon(text, path, options);
}

/** The same for text that is at hand; `file` is for messages and for relative includes. */
export function parseHocon(text: string, file: string, options: HoconOptions = {}): HoconObject {
  const root = parseText(text, file, 0);
  for (const [path, value] of Object.entries(options.overrides ?? {})) {
    const elements = parsePath(path);
    const origin = { file: 'morphlineVariable', line: 1 };
    if (elements === null) throw new MorphlineCompileError(`${path} is not a path`, origin);
    root.assign(elements, new HoconScalar(value, value, origin));
  }
  return new HoconResolver(root, options.environment ?? process.env).resolve();
}

function parseText(text: string, file: string, depth: number): ObjectNode {
  return new HoconParser(text, file, (name, from) => include(name, from, depth + 1)).parse();
}

/** Relative names are looked for beside the including file, with `.conf`, `.json` and `.properties` tried where nothing has the bare name. */
function include(name: string, from: Origin, depth: number): ObjectNode | null {
  if (depth > includesMax) throw new MorphlineCompileError(`${name} is included by itself`, from);
  const base = isAbsolute(name) ? name : resolve(dirname(from.file), name);
  for (const ending of ['', '.conf', '.json', '.properties']) {
    const path = base + ending;
    const text = readText(path);
    if (text === null) continue;
    return path.endsWith('.properties') ? properties(text, path) : parseText(text, path, depth);
  }
  return null;
}

function properties(text: string, file: string): ObjectNode {
  const root = new ObjectNode({ file, line: 1 });
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const match = /^\s*([^#!\s=:][^=:]*?)\s*[=:]\s*(.*)$/.exec(line);
    const path = match?.[1] === undefined ? null : parsePath(match[1]);
    if (path !== null) root.assign(path, scalarOf(match?.[2] ?? '', { file, line: index + 1 }));
  }
  return root;
}

/** Null where there is no such file. */
function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'EISDIR', 'ENOTDIR'].includes(systemCode(error) ?? '')) return null;
    throw new MorphlineCompileError(`the file ${path} cannot be read`, null, { cause: error });
  }
}
