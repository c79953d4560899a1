/** What the message browser shows, as it stands in the query string: a link shows somebody else the same. */
import type { QueryValue } from '../../../api/request.js';

export const starts = ['newest', 'oldest', 'offset', 'time', 'last', 'live'] as const;
export type Start = (typeof starts)[number];

export interface RecordQuery {
  readonly start: Start;
  /** Of `offset`, in each partition. */
  readonly offset: string;
  /** Of `time`: ISO 8601. */
  readonly time: string;
  /** Of `last`. */
  readonly count: string;
  /** Empty: all. */
  readonly partitions: readonly string[];
  /** Looked for as `match` says; empty: nothing. */
  readonly text: string;
  readonly match: 'contains' | 'key';
  /** CEL. */
  readonly filter: string;
}

const defaultCount = '1000';

export function queryOf(params: URLSearchParams): RecordQuery {
  const start = params.get('start');
  return {
    start: starts.find((each) => each === start) ?? 'newest',
    offset: params.get('offset') ?? '0',
    time: params.get('time') ?? '',
    count: params.get('count') ?? defaultCount,
    partitions: params.getAll('partition'),
    text: params.get('text') ?? '',
    match: params.get('match') === 'key' ? 'key' : 'contains',
    filter: params.get('filter') ?? '',
  };
}

export function paramsOf(query: RecordQuery): URLSearchParams {
  const { start, offset, time, count, partitions, text, match, filter } = query;
  const params = new URLSearchParams();
  if (start !== 'newest') params.set('start', start);
  if (start === 'offset') params.set('offset', offset);
  if (start === 'time' && time !== '') params.set('time', time);
  if (start === 'last') params.set('count', count);
  for (const partition of partitions) params.append('partition', partition);
  if (text !== '') params.set('text', text);
  if (text !== '' && match === 'key') params.set('match', match);
  if (filter !== '') params.set('filter', filter);
  return params;
}

/** Text and expression together, as CEL; empty: all records. */
export function filterOf({ text, match, filter }: Pick<RecordQuery, 'text' | 'match' | 'filter'>): string {
  const literal = JSON.stringify(text);
  const anywhere = `((value != null && value.contains(${literal})) || (key != null && key.contains(${literal})))`;
  const ofText = text === '' ? '' : match === 'key' ? `key == ${literal}` : anywhere;
  const own = filter.trim();
  if (own === '') return ofText;
  return ofText === '' ? own : `${ofText} && (${own})`;
}

/** Newest first, or in the order of time. */
export function orderOf({ start }: RecordQuery): 'newest' | 'oldest' {
  return start === 'newest' || start === 'last' || start === 'live' ? 'newest' : 'oldest';
}

/** Of `GET /api/v1/topics/{topic}/records`. */
export function serverQuery(query: RecordQuery): Record<string, QueryValue> {
  const { start, offset, time, count, partitions } = query;
  return {
    partition: partitions,
    filter: filterOf(query),
    ...(start === 'live' ? {} : { order: orderOf(query) }),
    ...(start === 'offset' ? { offset } : {}),
    ...(start === 'time' && time !== '' ? { timestamp: time } : {}),
    ...(start === 'last' ? { newest: count } : {}),
  };
}

/** `0:17` names a record of the topic. */
export interface RecordPlace {
  readonly partition: number;
  readonly offset: number;
}

export function placeOf(text: string | null): RecordPlace | null {
  const found = /^(\d{1,9}):(\d{1,16})$/.exec(text ?? '');
  return found === null ? null : { partition: Number(found[1]), offset: Number(found[2]) };
}

export function textOfPlace({ partition, offset }: RecordPlace): string {
  return `${partition}:${offset}`;
}
