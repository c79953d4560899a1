import { describe, expect, it } from '@jest/globals';
import type { ComponentType, Interceptor } from '#pipeline/collector';
import { EventBatch } from '#pipeline/event-batch';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { hostInterceptor } from './host/host-interceptor.js';
import { JodaPattern } from './regex-extractor/joda-pattern.js';
import { regexExtractorInterceptor } from './regex-extractor/regex-extractor-interceptor.js';
import { regexFilterInterceptor } from './regex-filter/regex-filter-interceptor.js';
import { removeHeaderInterceptor } from './remove-header/remove-header-interceptor.js';
import { searchReplaceInterceptor } from './search-replace/search-replace-interceptor.js';
import { staticInterceptor } from './static/static-interceptor.js';
import { timestampInterceptor } from './timestamp/timestamp-interceptor.js';
import { uuidInterceptor } from './uuid/uuid-interceptor.js';

function create(
  type: ComponentType<Interceptor>,
  options: Record<string, string>,
): { intercept(batch: EventBatch): EventBatch } {
  const clock = { ...systemClock, now: () => 1_700_000_000_000 };
  const services = { bootstrap: '', clock, logger: silentLogger };
  const interceptor = type.create({ agent: 'a1', name: 'i1', options, services });
  return {
    intercept(batch) {
      const result = interceptor.intercept(batch);
      if (result instanceof Promise) throw new Error('the interceptor waits');
      return result;
    },
  };
}

const lines = (...texts: string[]) => EventBatch.of(texts.map((text) => ({ body: Buffer.from(text) })));
const bodies = (batch: EventBatch) => Array.from({ length: batch.count }, (_, index) => batch.body(index).toString());
const headers = (batch: EventBatch) => Array.from({ length: batch.count }, (_, index) => batch.headersOf(index));

describe('timestamp, host and static', () => {
  it('set one value for the whole batch', () => {
    const batch = create(timestampInterceptor, {}).intercept(lines('a', 'b'));
    expect(batch.headers.get('timestamp')).toBe('1700000000000');
    expect(create(staticInterceptor, { key: 'dc', value: 'b1' }).intercept(batch).headers.get('dc')).toBe('b1');
    expect(create(hostInterceptor, {}).intercept(batch).headers.get('host')).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    expect(create(hostInterceptor, { useIP: 'false' }).intercept(batch).headers.get('host')).not.toBe('');
  });

  it('follow preserveExisting, whose default is true for static only', () => {
    const batch = lines('a', 'b').withHeader('k', ['old', null]);
    const set = (more: Record<string, string>) =>
      create(staticInterceptor, { key: 'k', value: 'new', ...more }).intercept(batch);
    expect(set({}).headers.get('k')).toEqual(['old', 'new']);
    expect(set({ preserveExisting: 'false' }).headers.get('k')).toBe('new');
    const stamped = create(timestampInterceptor, { headerName: 'k' }).intercept(batch);
    expect(stamped.headers.get('k')).toBe('1700000000000');
  });
});

describe('regex_filter', () => {
  it('keeps what it finds anywhere in the body, or with excludeEvents what it does not find', () => {
    const batch = lines('GET /a', 'POST /b', 'öffne GET').withHeader('n', ['0', '1', '2']);
    const kept = create(regexFilterInterceptor, { regex: 'GET' }).intercept(batch);
    expect(bodies(kept)).toEqual(['GET /a', 'öffne GET']);
    expect(kept.headers.get('n')).toEqual(['0', '2']);
    expect(
      bodies(create(regexFilterInterceptor, { regex: '(?i)get', excludeEvents: 'true' }).intercept(batch)),
    ).toEqual(['POST /b']);
  });
});

describe('regex_extractor', () => {
  it('gives the groups of the first match to the serializers in order', () => {
    const interceptor = create(regexExtractorInterceptor, {
      regex: '(\\d+):(\\w+)(x)?',
      serializers: 's1 s2 s3',
      'serializers.s1.name': 'number',
      'serializers.s2.name': 'word',
      'serializers.s3.name': 'never',
    });
    expect(headers(interceptor.intercept(lines('a 1:one 2:two', 'nothing')))).toEqual([
      { number: '1', word: 'one' },
      {},
    ]);
  });

  it('reads times by a Joda pattern, and leaves the header out where it cannot', () => {
    const interceptor = create(regexExtractorInterceptor, {
      regex: '^\\[([^\\]]*)\\]',
      serializers: 't',
      'serializers.t.type': 'org.apache.flume.interceptor.RegexExtractorInterceptorMillisSerializer',
      'serializers.t.name': 'timestamp',
      'serializers.t.pattern': 'dd/MMM/yyyy:HH:mm:ss Z',
    });
    const batch = interceptor.intercept(lines('[10/Oct/2000:13:55:36 -0700] GET', '[yesterday] GET'));
    expect(headers(batch)).toEqual([{ timestamp: '971211336000' }, {}]);
  });

  it('says what is missing', () => {
    const messages = (options: Record<string, string>) =>
      regexExtractorInterceptor.check?.(options).map((remark) => remark.message);
    expect(messages({ regex: '(a)' })).toEqual([expect.stringContaining('serializers is missing')]);
    expect(messages({ regex: '(a)', serializers: 's' })).toEqual([
      expect.stringContaining('serializers.s.name is missing'),
    ]);
  });
});

describe('remove_header, search_replace and uuid', () => {
  it('removes by name, by list and by pattern', () => {
    const batch = ['a', 'b', 'c', 'tmp.x', 'keep'].reduce((last, name) => last.withHeader(name, 'v'), lines('x'));
    const removed = create(removeHeaderInterceptor, {
      withName: 'a',
      fromList: 'b , c',
      matching: 'tmp\\..*',
    }).intercept(batch);
    expect([...removed.headers.keys()]).toEqual(['keep']);
  });

  it('replaces with groups as Java writes them', () => {
    const replace = (searchPattern: string, replaceString?: string) =>
      bodies(
        create(searchReplaceInterceptor, {
          searchPattern,
          ...(replaceString === undefined ? {} : { replaceString }),
        }).intercept(lines('card 1234-5678 ü', '')),
      );
    expect(replace('(\\d{4})-(\\d{4})', '****-$2')).toEqual(['card ****-5678 ü', '']);
    expect(replace('\\d')).toEqual(['card - ü', '']);
    expect(replace('card', '\\$&')).toEqual(['$& 1234-5678 ü', '']);
  });

  it('gives every event its own id', () => {
    const batch = create(uuidInterceptor, { prefix: 'e-' }).intercept(lines('a', 'b'));
    expect(new Set(batch.headers.get('id')).size).toBe(2);
    expect(batch.header(0, 'id')).toMatch(/^e-[0-9a-f-]{36}$/);
  });
});

describe('Joda patterns', () => {
  const now = Date.UTC(2026, 0, 1);
  it.each([
    ['yyyy-MM-dd HH:mm:ss,SSS Z', '2012-10-18 18:47:57,614 +00:00', Date.UTC(2012, 9, 18, 18, 47, 57, 614)],
    ["yyyyMMdd'T'HHmmssZ", '20121018T184757Z', Date.UTC(2012, 9, 18, 18, 47, 57)],
    ['MMM d yy hh:mm a Z', 'Oct 8 98 12:05 pm +0100', Date.UTC(1998, 9, 8, 11, 5)],
    ['yyyy-MM-dd HH:mm', '2012-10-18 18:47', new Date(2012, 9, 18, 18, 47).getTime()],
    ['yyyy-MM-dd', '2012-13-01', null],
  ])('%s reads %s', (pattern, text, expected) => {
    expect(JodaPattern.compile(pattern).parse(text, now)).toBe(expected);
  });
});
