import type { SinkBatch } from '#pipeline/sink-batch';
import { isJsonObject, type JsonValue } from '#pipeline/sink-json';

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'topic' | 'partition' | 'offset' | 'key' }
  | { readonly kind: 'field'; readonly name: string };

/** Names of keys in Redis: text with `${topic}`, `${partition}`, `${offset}`, `${key}`, `${value.FIELD}`. */
export class KeyTemplate {
  private constructor(
    private readonly parts: readonly Part[],
    private readonly text: string,
  ) {}

  /** Throws an Error that says what is wrong with it. */
  static parse(text: string): KeyTemplate {
    const parts: Part[] = [];
    let from = 0;
    for (const match of text.matchAll(/\$\{([^}]*)\}/g)) {
      if (match.index > from) parts.push({ kind: 'text', text: text.slice(from, match.index) });
      parts.push(partOf(match[1] ?? ''));
      from = match.index + match[0].length;
    }
    if (from < text.length) parts.push({ kind: 'text', text: text.slice(from) });
    if (parts.length === 0) throw new Error('it is empty');
    return new KeyTemplate(parts, text);
  }

  /** Whether all records of a topic-partition have one key. */
  get isFixed(): boolean {
    return this.parts.every(({ kind }) => kind === 'text' || kind === 'topic' || kind === 'partition');
  }

  /** Whether records of different keys have different names here, so that the last of each key stays. */
  get namesRecords(): boolean {
    return this.parts.some(({ kind }) => kind === 'key' || kind === 'field' || kind === 'offset');
  }

  /**
   * The part of the name by which a cluster places it (Redis cluster specification, "Hash tags"), where it is the same for all records of a
   * topic-partition; null where it is not.
   */
  fixedTag(topic: string, partition: number): string | null {
    if (this.isFixed) {
      const name = this.fill({ topic, partition: String(partition), offset: '', key: null, value: null });
      return name === null ? null : tagOf(name);
    }
    const braced = /(?<!\$)\{((?:\$\{(?:topic|partition)\}|[^{}])+)\}/.exec(this.text)?.[1];
    return braced === undefined
      ? null
      : braced.replaceAll('${topic}', () => topic).replaceAll('${partition}', String(partition));
  }

  /** Null where a field that it names is not there. */
  nameOf(batch: SinkBatch, topic: string, index: number, value: () => JsonValue): Buffer | string | null {
    const [only] = this.parts;
    if (this.parts.length === 1 && only?.kind === 'key') return batch.key(index);
    return this.fill({
      topic,
      partition: String(batch.partition),
      offset: String(batch.offset(index)),
      key: batch.key(index)?.toString('utf8') ?? null,
      value,
    });
  }

  private fill(from: {
    topic: string;
    partition: string;
    offset: string;
    key: string | null;
    value: (() => JsonValue) | null;
  }): string | null {
    let name = '';
    for (const part of this.parts) {
      const text =
        part.kind === 'text'
          ? part.text
          : part.kind === 'field'
            ? fieldText(from.value?.() ?? null, part.name)
            : from[part.kind];
      if (text === null) return null;
      name += text;
    }
    return name;
  }
}

function partOf(name: string): Part {
  if (name === 'topic' || name === 'partition' || name === 'offset' || name === 'key') return { kind: name };
  if (name.startsWith('value.') && name.length > 6) return { kind: 'field', name: name.slice(6) };
  throw new Error(`\${${name}} is none of \${topic}, \${partition}, \${offset}, \${key}, \${value.FIELD}`);
}

function fieldText(value: JsonValue, name: string): string | null {
  if (value === null || !isJsonObject(value) || !Object.hasOwn(value, name)) return null;
  const field = value[name] ?? null;
  return field === null || typeof field === 'object' ? null : String(field);
}

function tagOf(name: string): string {
  const open = name.indexOf('{');
  const close = name.indexOf('}', open + 1);
  return open >= 0 && close > open + 1 ? name.slice(open + 1, close) : name;
}
