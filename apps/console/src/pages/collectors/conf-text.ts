/** What can be told of a flume.conf without the server: for lists to choose from and words to offer. */
import type { ComponentKind } from './collector-api.js';

const listLine = /^[ \t]*([^\s#!.=:]+)\.(sources|channels|sinks)[ \t]*[=:][ \t]*(.*)$/gm;
const typeLine = /^[ \t]*([^\s#!=:]+)\.type[ \t]*[=:][ \t]*(\S+)/gm;

/** In the order in which they come. */
export function agentsOf(text: string): string[] {
  return [...new Set([...text.matchAll(listLine)].map(([, agent]) => agent ?? ''))];
}

export function sourcesOf(text: string, agent: string): string[] {
  const names = [...text.matchAll(listLine)]
    .filter(([, of, section]) => of === agent && section === 'sources')
    .flatMap(([, , , list]) => (list ?? '').split(/\s+/));
  return [...new Set(names.filter((name) => name !== ''))];
}

const common: Readonly<Record<ComponentKind['kind'], readonly string[]>> = {
  source: [
    'type',
    'channels',
    'interceptors',
    'selector.type',
    'selector.header',
    'selector.mapping.',
    'selector.default',
  ],
  channel: ['type'],
  sink: ['type', 'channel'],
  interceptor: ['type'],
};

/** Whole keys of the components that the text names, by their types, and the names of all types. */
export function wordsFor(text: string, kinds: readonly ComponentKind[]): string[] {
  const words = new Set<string>();
  for (const agent of agentsOf(text))
    for (const list of ['sources', 'channels', 'sinks']) words.add(`${agent}.${list}`);
  for (const [, path = '', type = ''] of text.matchAll(typeLine)) {
    const kind = kindOf(path);
    if (kind === null) continue;
    const found = kinds.find((one) => one.kind === kind && isNamed(one, type));
    for (const key of [...common[kind], ...(found?.options.map(({ name }) => name) ?? [])]) words.add(`${path}.${key}`);
  }
  for (const { name } of kinds) words.add(name);
  return [...words];
}

/** Of `a.sources.r1` and `a.sources.r1.interceptors.i1`. */
function kindOf(path: string): ComponentKind['kind'] | null {
  const words = path.split('.');
  if (words.length === 5 && words[3] === 'interceptors') return 'interceptor';
  if (words.length !== 3) return null;
  return words[1] === 'sources' ? 'source' : words[1] === 'channels' ? 'channel' : words[1] === 'sinks' ? 'sink' : null;
}

function isNamed({ name, class_names: classNames }: ComponentKind, written: string): boolean {
  const plain = (text: string): string => text.toLowerCase().replace(/\$builder$/, '');
  return [name, ...classNames].some((one) => plain(one) === plain(written));
}

/** The text with what was meant in place of what is written in that line; null where it cannot be told which word it is. */
export function corrected(
  text: string,
  line: number,
  problem: { message: string; suggestion: string | null },
): string | null {
  const { message, suggestion } = problem;
  const written = /"([^"]+)"/.exec(message)?.[1];
  if (suggestion === null || written === undefined || /\s/.test(suggestion)) return null;
  const lines = text.split('\n');
  const old = lines[line - 1];
  const at = old?.lastIndexOf(written) ?? -1;
  if (old === undefined || at < 0) return null;
  lines[line - 1] = old.slice(0, at) + suggestion + old.slice(at + written.length);
  return lines.join('\n');
}
