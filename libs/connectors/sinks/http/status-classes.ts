/** What an answer's status means for the records of the request. */
export type StatusClass = 'done' | 'retry' | 'poison' | 'fatal';

export interface StatusRanges {
  readonly success: string;
  readonly ignore: string;
  readonly retry: string;
  readonly fatal: string;
}

type Range = readonly [from: number, to: number];

/** Success before ignore, retry and fatal. Others: 3xx fatal (redirects that are not followed), 4xx poison, 5xx retry. */
export function statusClasses(ranges: StatusRanges): (status: number) => StatusClass {
  const done = [...readRanges(ranges.success), ...readRanges(ranges.ignore)];
  const [retry, fatal] = [readRanges(ranges.retry), readRanges(ranges.fatal)];
  const has = (list: readonly Range[], status: number): boolean =>
    list.some(([from, to]) => status >= from && status <= to);
  return (status) => {
    if (has(done, status)) return 'done';
    if (has(retry, status)) return 'retry';
    if (has(fatal, status)) return 'fatal';
    if (status >= 400 && status < 500) return 'poison';
    return status >= 500 ? 'retry' : 'fatal';
  };
}

/** `429,500-599`, an end left out means on to 599. A sentence where it is something else; null = fine. */
export function rangesProblem(text: string): string | null {
  const wrong = parts(text).find((part) => !/^[1-5]\d\d(?:-(?:[1-5]\d\d)?)?$/.test(part));
  return wrong === undefined ? null : `${wrong} is no status: write 429, 500-599 or 500-`;
}

function readRanges(text: string): Range[] {
  return parts(text).map((part) => {
    const [from = '', to] = part.split('-');
    return [Number(from), to === undefined ? Number(from) : Number(to === '' ? 599 : to)];
  });
}

function parts(text: string): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== '');
}
