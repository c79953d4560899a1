/** Which letters are shown: it stands in the query string, so that a link shows the same. */
import { useMemo } from 'react';
import { useSearchParams } from 'wouter';

const names = [
  'state',
  'error_class',
  'like',
  'stage',
  'topic',
  'partition',
  'since',
  'until',
  'message',
  'filter',
] as const;
export type FilterName = (typeof names)[number];
/** Without what is not asked for. */
export type LetterFilter = Partial<Readonly<Record<FilterName, string>>>;

const labels: Readonly<Record<FilterName, string>> = {
  state: 'state',
  error_class: 'class',
  like: 'message',
  stage: 'stage',
  topic: 'from topic',
  partition: 'partition',
  since: 'since',
  until: 'until',
  message: 'message has',
  filter: 'expression',
};

export function useLetterFilter(): [LetterFilter, (changes: LetterFilter) => void] {
  const [search, setSearch] = useSearchParams();
  const text = search.toString();
  const filter = useMemo(() => filterOf(new URLSearchParams(text)), [text]);
  const change = (changes: LetterFilter): void => {
    setSearch((old) => {
      const next = new URLSearchParams(old);
      for (const [name, value] of Object.entries(changes)) {
        if (value === '') next.delete(name);
        else next.set(name, value);
      }
      return next;
    });
  };
  return [filter, change];
}

export function filterOf(search: URLSearchParams): LetterFilter {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = search.get(name);
      return value === null || value === '' ? [] : [[name, value]];
    }),
  );
}

/** Open letters unless another state is asked for; `all` is every state. */
export function listQuery(filter: LetterFilter): Readonly<Record<string, string>> {
  const { state = 'open', ...rest } = filter;
  return state === 'all' ? rest : { ...rest, state };
}

/** As redrive and discard take it: they look at open letters only. */
export function choiceOf({ state: _state, partition, ...rest }: LetterFilter): Readonly<Record<string, unknown>> {
  return partition === undefined ? rest : { ...rest, partition: Number(partition) };
}

/** `class ConversionError, from topic orders`; empty: all. */
export function filterInWords({ state: _state, ...filter }: LetterFilter): string {
  return names
    .flatMap((name) => (name === 'state' || filter[name] === undefined ? [] : [`${labels[name]} ${filter[name]}`]))
    .join(', ');
}
