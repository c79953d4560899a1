import { MorphlineCompileError, type Origin } from '../errors.js';
import type { ConcatenationNode, HoconNode, ObjectNode, SubstitutionNode } from './hocon-node.js';
import { renderPath } from './hocon-path.js';
import { HoconArray, HoconObject, HoconScalar, mergeObjects, type HoconValue } from './hocon-value.js';

/** Puts values in the place of `${…}`: from the document, or else from the environment. */
export class HoconResolver {
  /** Fields being resolved, with the assignment that is: a look-up meanwhile sees only the ones before it. */
  private readonly underWay = new Map<HoconNode[], number>();
  private readonly resolved = new Map<HoconNode[], HoconValue | null>();

  constructor(
    private readonly root: ObjectNode,
    private readonly environment: Readonly<Record<string, string | undefined>>,
  ) {}

  resolve(): HoconObject {
    return this.object(this.root);
  }

  private object(node: ObjectNode): HoconObject {
    const fields = new Map<string, HoconValue>();
    for (const [key, layers] of node.fields) {
      const value = this.field(layers);
      if (value !== null) fields.set(key, value);
    }
    return new HoconObject(fields, node.origin);
  }

  /** Null where all that was assigned are optional substitutions of nothing. */
  private field(layers: HoconNode[]): HoconValue | null {
    const outer = this.underWay.get(layers);
    if (outer === undefined) {
      const known = this.resolved.get(layers);
      if (known !== undefined) return known;
    }
    let value: HoconValue | null = null;
    for (let index = (outer ?? layers.length) - 1; index >= 0; index -= 1) {
      const layer = layers[index];
      // An object hides a list or text that was assigned before it, and what that refers to.
      if (layer === undefined || (value !== null && (layer.kind === 'arrayNode' || layer.kind === 'scalar'))) break;
      this.underWay.set(layers, index);
      const below = this.node(layer);
      if (below === null) continue;
      if (value === null) value = below;
      else if (value.kind === 'object' && below.kind === 'object') value = mergeObjects(below, value);
      if (below.kind !== 'object') break;
    }
    if (outer === undefined) {
      this.underWay.delete(layers);
      if (this.underWay.size === 0) this.resolved.set(layers, value);
    } else {
      this.underWay.set(layers, outer);
    }
    return value;
  }

  private node(node: HoconNode): HoconValue | null {
    switch (node.kind) {
      case 'scalar':
        return node;
      case 'objectNode':
        return this.object(node);
      case 'arrayNode':
        return new HoconArray(
          node.items.map((item) => this.node(item)).filter((item) => item !== null),
          node.origin,
        );
      case 'substitution':
        return this.substitution(node);
      case 'concatenation':
        return this.concatenation(node);
    }
  }

  private substitution(node: SubstitutionNode): HoconValue | null {
    if (node.prefix.length > 0) {
      const near = this.lookUp([...node.prefix, ...node.path]);
      if (near !== null) return near;
    }
    const found = this.lookUp(node.path);
    if (found !== null) return found;
    const name = node.path.join('.');
    const variable = this.environment[name];
    if (variable !== undefined) return new HoconScalar(variable, variable, node.origin);
    if (node.isOptional) return null;
    throw new MorphlineCompileError(
      `\${${renderPath(node.path)}} is neither defined in this file nor an environment variable; write \${?${name}} if it may be absent`,
      node.origin,
    );
  }

  private lookUp(path: readonly string[], root = this.root): HoconValue | null {
    const [key = '', ...rest] = path;
    const layers = root.fields.get(key);
    if (layers === undefined) return null;
    if (rest.length === 0) return this.field(layers);
    const last = layers.at(-1);
    if (last?.kind === 'objectNode') {
      const found = this.lookUp(rest, last);
      // What was assigned before matters only where it is to be merged with, or where this has nothing at the path.
      if (layers.length === 1 || (found?.kind !== 'object' && holds(last, rest))) return found;
    }
    return descend(this.field(layers), rest);
  }

  private concatenation(node: ConcatenationNode): HoconValue | null {
    const values = node.parts.map((part) => this.node(part)).filter((value) => value !== null);
    const solid = values.filter((value) => value.kind !== 'scalar' || String(value.value).trim() !== '');
    const [first, ...rest] = solid;
    if (first === undefined) return values[0] ?? null;
    if (first.kind === 'object') {
      let merged = first;
      for (const next of rest) merged = mergeObjects(merged, objectOf(next));
      return merged;
    }
    if (first.kind === 'array') {
      return new HoconArray(
        [first, ...rest].flatMap((value) => itemsOf(value)),
        node.origin,
      );
    }
    if (values.length === 1) return first;
    const text = values.map((value) => textOf(value)).join('');
    return new HoconScalar(text, text, node.origin);
  }
}

/** Whether something was assigned at a path, whatever came of it. */
function holds(node: ObjectNode, path: readonly string[]): boolean {
  const [key = '', ...rest] = path;
  const last = node.fields.get(key)?.at(-1);
  if (last === undefined || rest.length === 0) return last !== undefined;
  return last.kind === 'objectNode' && holds(last, rest);
}

function descend(value: HoconValue | null, path: readonly string[]): HoconValue | null {
  let at = value;
  for (const key of path) at = at?.kind === 'object' ? (at.fields.get(key) ?? null) : null;
  return at;
}

function objectOf(value: HoconValue): HoconObject {
  if (value.kind === 'object') return value;
  return mixed(value.origin);
}

function itemsOf(value: HoconValue): readonly HoconValue[] {
  if (value.kind === 'array') return value.items;
  return mixed(value.origin);
}

function textOf(value: HoconValue): string {
  if (value.kind === 'scalar') return value.text;
  return mixed(value.origin);
}

function mixed(origin: Origin): never {
  throw new MorphlineCompileError('text, a list and an object cannot stand side by side as one value', origin);
}
