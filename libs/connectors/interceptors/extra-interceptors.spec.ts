import { describe, expect, it } from '@jest/globals';
import { parseOptions } from '#config/options';
import type { ComponentContext, ComponentType, Interceptor } from '#pipeline/collector';
import { TestClock } from '#pipeline/agent.testkit';
import { EventBatch } from '#pipeline/event-batch';
import { systemClock, type Clock } from '#std/clock';
import { silentLogger } from '#std/log';

import { celFilterInterceptor } from './cel/cel-filter-interceptor.js';
import { celRouteInterceptor } from './cel/cel-route-interceptor.js';
import { csvInterceptor } from './csv/csv-interceptor.js';
import { dedupeInterceptor } from './dedupe/dedupe-interceptor.js';
import { grokInterceptor } from './grok/grok-interceptor.js';
import { jsonInterceptor } from './json/json-interceptor.js';
import { maskInterceptor } from './mask/mask-interceptor.js';
import { rateLimitInterceptor } from './rate-limit/rate-limit-interceptor.js';
import { sampleInterceptor } from './sample/sample-interceptor.js';

type Options = Readonly<Record<string, string>>;

async function started(type: ComponentType<Interceptor>, options: Options, clock: Clock = systemClock) {
  const counters = new Map<string, number>();
  const context: ComponentContext = {
    name: 'r1',
    clock,
    logger: silentLogger,
    stateDirectory: '',
    count: (counter, by) => void counters.set(counter, (counters.get(counter) ?? 0) + by),
    reportError: () => undefined,
  };
  const interceptor = type.create({
    agent: 'a1',
    name: 'i1',
    options,
    services: { bootstrap: '', clock, logger: silentLogger },
  });
  await interceptor.start?.(context);
  const run = async (batch: EventBatch) => await interceptor.intercept(batch);
  return { interceptor, counters, run };
}

/** All that validation finds. */
function problemsOf(type: ComponentType<Interceptor>, options: Options): string[] {
  const parsed = parseOptions(type.options, options).problems.map((problem) => problem.message);
  return parsed.length > 0 ? parsed : (type.check?.(options) ?? []).map((remark) => remark.message);
}

const lines = (...texts: string[]) => EventBatch.of(texts.map((text) => ({ body: Buffer.from(text) })));
const bodies = (batch: EventBatch) => Array.from({ length: batch.count }, (_, index) => batch.body(index).toString());
const headers = (batch: EventBatch) => Array.from({ length: batch.count }, (_, index) => batch.headersOf(index));

describe('json', () => {
  const options = { 'headers.user': 'account.name', 'headers.first': 'tags.0', 'headers.all': 'tags' };

  it('makes headers of values by their paths; what is not there gives none', async () => {
    const { run } = await started(jsonInterceptor, options);
    const batch = await run(lines('{"account":{"name":"ann"},"tags":[7,"b"]}', '{"account":5}', '{"tags":null}'));
    expect(headers(batch)).toEqual([{ user: 'ann', first: '7', all: '[7,"b"]' }, {}, {}]);
  });

  it('takes all top-level fields, and another body', async () => {
    const { run } = await started(jsonInterceptor, { allFields: 'true', prefix: 'j.', body: 'msg' });
    const batch = await run(lines('{"msg":"zwölf","n":1.5,"t":true}', '{"other":1}'));
    expect(headers(batch)).toEqual([{ 'j.msg': 'zwölf', 'j.n': '1.5', 'j.t': 'true' }, { 'j.other': '1' }]);
    expect(bodies(batch)).toEqual(['zwölf', '{"other":1}']);
  });

  it.each([
    ['keep', ['{"account":{"name":"ann"}}', 'no json', '[1]', 'null']],
    ['drop', ['{"account":{"name":"ann"}}']],
  ])('counts what is no object, and %ss it', async (onError, expected) => {
    const { run, counters } = await started(jsonInterceptor, { ...options, onError });
    expect(bodies(await run(lines('{"account":{"name":"ann"}}', 'no json', '[1]', 'null')))).toEqual(expected);
    expect(counters.get('EventInterceptFail')).toBe(3);
  });

  it('fails the delivery where that is asked for', async () => {
    const { run } = await started(jsonInterceptor, { ...options, onError: 'fail' });
    await expect(run(lines('no json'))).rejects.toThrow(
      'interceptor i1: event 0 of the batch: not a JSON object: no json',
    );
  });

  it('is refused where it would do nothing', () => {
    expect(problemsOf(jsonInterceptor, {})).toEqual([
      'nothing is taken from the body: set headers.<header>, allFields or body.',
    ]);
  });
});

describe('csv', () => {
  it('reads fields in quotes, leaves out unnamed ones', async () => {
    const { run, counters } = await started(csvInterceptor, { columns: 'a,,c', separator: ';' });
    const batch = await run(lines('1;2;3;4', '"x;""y""";;"z"', 'only', '"open;1'));
    expect(headers(batch)).toEqual([{ a: '1', c: '3' }, { a: 'x;"y"', c: 'z' }, { a: 'only' }, {}]);
    expect(counters.get('EventInterceptFail')).toBe(1);
  });

  it('knows tabs, no quotes and blanks', async () => {
    const { run } = await started(csvInterceptor, { columns: 'a,b', separator: '\\t', quote: 'none', trim: 'true' });
    expect(headers(await run(lines('"x"\t y ')))).toEqual([{ a: '"x"', b: 'y' }]);
  });
});

describe('grok', () => {
  it('tries expressions in turn, with patterns of its own', async () => {
    const { run, counters } = await started(grokInterceptor, {
      pattern: '%{IP:client} %{WORD:method} %{NUMBER:bytes}',
      'patterns.2': 'ticket %{TICKET:ticket}',
      'definitions.TICKET': '[A-Z]+-\\d+',
      prefix: 'g.',
    });
    const batch = await run(lines('10.0.0.1 GET 512', 'see ticket ABC-12 please', 'neither'));
    expect(headers(batch)).toEqual([
      { 'g.client': '10.0.0.1', 'g.method': 'GET', 'g.bytes': '512' },
      { 'g.ticket': 'ABC-12' },
      {},
    ]);
    expect(counters.get('EventInterceptFail')).toBe(1);
  });

  it('says which pattern does not exist', () => {
    expect(problemsOf(grokInterceptor, { pattern: '%{NUMBR:n}' })[0]).toContain('there is no grok pattern NUMBR');
  });
});

describe('cel_filter and cel_route', () => {
  it('keep what an expression over body, headers and JSON holds for', async () => {
    const { run, counters } = await started(celFilterInterceptor, {
      expression: 'json.status >= 500 && !("test" in headers)',
      onError: 'drop',
    });
    const batch = lines('{"status":500}', '{"status":200}', 'no json', '{"status":503}');
    expect(bodies(await run(batch))).toEqual(['{"status":500}', '{"status":503}']);
    expect(bodies(await run(batch.withHeader('test', '1')))).toEqual([]);
    // What is false whatever the rest is needs no JSON: only the first batch had a failure.
    expect(counters.get('EventInterceptFail')).toBe(1);
  });

  it('exclude what it holds for, and keep what it cannot be asked of', async () => {
    const { run } = await started(celFilterInterceptor, { expression: 'json.debug == true', exclude: 'true' });
    expect(bodies(await run(lines('{"debug":true}', '{"debug":false}', 'no json')))).toEqual([
      '{"debug":false}',
      'no json',
    ]);
  });

  it('route by the first rule that holds', async () => {
    const { run } = await started(celRouteInterceptor, {
      rules: 'errors slow',
      'rules.errors.when': 'body.contains("ERROR")',
      'rules.slow.when': 'body.matches("took [0-9]{4,} ms")',
      'rules.slow.value': 'performance',
      default: 'rest',
    });
    const batch = await run(lines('ERROR took 5000 ms', 'took 5000 ms', 'took 5 ms'));
    expect(headers(batch)).toEqual([{ route: 'errors' }, { route: 'performance' }, { route: 'rest' }]);
  });

  it('say what is wrong with an expression before anything runs', () => {
    expect(problemsOf(celFilterInterceptor, { expression: 'status > 5' })[0]).toContain('Unknown variable: status');
    expect(problemsOf(celRouteInterceptor, { rules: 'a b', 'rules.a.when': 'body ==' })).toHaveLength(2);
  });
});

describe('mask', () => {
  it('replaces what the presets and a pattern find, in bodies and headers, and leaves other bytes alone', async () => {
    const { run } = await started(maskInterceptor, { preset: 'card email', pattern: 'pin=\\d+', headers: 'from' });
    const binary = Buffer.from([0xff, 0x00, 0xfe]);
    const batch = EventBatch.of([
      { body: Buffer.from('card 1234-5678-9012-3456, pin=99'), headers: { from: 'ann@example.com' } },
      { body: binary, headers: { from: 'nobody' } },
    ]);
    const masked = await run(batch);
    expect(masked.body(0).toString()).toBe('card ****, ****');
    expect(masked.body(1)).toEqual(binary);
    expect(headers(masked)).toEqual([{ from: '****' }, { from: 'nobody' }]);
  });

  it('keeps the last characters, or puts what stays equal for equal values', async () => {
    const last = await started(maskInterceptor, { preset: 'iban', mode: 'keep-last' });
    expect(bodies(await last.run(lines('to DE89370400440532013000')))).toEqual([`to ${'*'.repeat(18)}3000`]);
    const hash = await started(maskInterceptor, { preset: 'ipv4', mode: 'hash', secret: 's' });
    const [first, second] = bodies(await hash.run(lines('10.0.0.1', '10.0.0.1 10.0.0.2')));
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    expect(second?.startsWith(`${first} `)).toBe(true);
    expect(second).not.toBe(`${first} ${first}`);
  });

  it('is refused without something to mask, and without a secret', () => {
    expect(problemsOf(maskInterceptor, {})).toEqual(['nothing is masked: set preset or pattern.']);
    expect(problemsOf(maskInterceptor, { preset: 'card,shoe', mode: 'hash' })).toHaveLength(2);
  });
});

describe('sample', () => {
  it('keeps all or none of the events with one value', async () => {
    const { run, counters } = await started(sampleInterceptor, { rate: '0.3', header: 'trace' });
    const batch = EventBatch.of(
      Array.from({ length: 3000 }, (_, at) => ({ body: Buffer.from(`${at}`), headers: { trace: `t${at % 1000}` } })),
    );
    const kept = await run(batch);
    const traces = Array.from({ length: kept.count }, (_, index) => kept.header(index, 'trace'));
    const counts = Map.groupBy(traces, (trace) => trace);
    expect([...counts.values()].every((group) => group.length === 3)).toBe(true);
    expect(counts.size).toBeGreaterThan(200);
    expect(counts.size).toBeLessThan(400);
    expect(counters.get('EventSampledOutCount')).toBe(3000 - kept.count);
  });

  it('keeps everything or nothing at the ends', async () => {
    expect((await (await started(sampleInterceptor, { rate: '1' })).run(lines('a', 'b'))).count).toBe(2);
    expect((await (await started(sampleInterceptor, { rate: '0' })).run(lines('a', 'b'))).count).toBe(0);
  });
});

describe('dedupe', () => {
  it('drops what was committed before, and what is twice in one batch', async () => {
    const { interceptor, run, counters } = await started(dedupeInterceptor, {});
    const first = lines('a', 'b', 'a');
    expect(bodies(await run(first))).toEqual(['a', 'b']);
    // Its delivery failed: the source gives the events again.
    expect(bodies(await run(lines('a', 'b')))).toEqual(['a', 'b']);
    interceptor.committed?.(first);
    expect(bodies(await run(lines('b', 'c', 'a')))).toEqual(['c']);
    expect(counters.get('EventDuplicateCount')).toBe(3);
  });

  it('goes by a header where one is named; events without it pass', async () => {
    const { interceptor, run } = await started(dedupeInterceptor, { header: 'id' });
    const batch = EventBatch.of([{ body: Buffer.from('x'), headers: { id: '1' } }, { body: Buffer.from('y') }]);
    await run(batch);
    interceptor.committed?.(batch);
    expect(bodies(await run(batch))).toEqual(['y']);
  });

  it('forgets after its window, in time and in number', async () => {
    const clock = new TestClock();
    const { interceptor, run } = await started(dedupeInterceptor, { window: '10', windowMs: '1000' }, clock);
    const see = async (...texts: string[]): Promise<string[]> => {
      const batch = lines(...texts);
      const result = bodies(await run(batch));
      interceptor.committed?.(batch);
      return result;
    };
    await see('a');
    await clock.advance(900);
    expect(await see('a')).toEqual([]);
    await clock.advance(2100);
    expect(await see('a')).toEqual(['a']);
    await see(...Array.from({ length: 25 }, (_, at) => `n${at}`));
    expect(await see('a', 'n24')).toEqual(['a']);
  });
});

describe('rate_limit', () => {
  it('lets a batch wait for its turn, and nobody when it stops', async () => {
    const clock = new TestClock();
    const { interceptor, run } = await started(rateLimitInterceptor, { eventsPerSecond: '2', burst: '0' }, clock);
    const passed: string[] = [];
    const note = (batch: EventBatch) => passed.push(...bodies(batch));
    note(await run(lines('a', 'b')));
    const second = run(lines('c', 'd')).then(note);
    const third = run(lines('e')).then(note);
    await clock.advance(999);
    expect(passed).toEqual(['a', 'b']);
    await clock.advance(1);
    await second;
    expect(passed).toEqual(['a', 'b', 'c', 'd']);
    await interceptor.stop?.();
    await third;
    expect(passed).toHaveLength(5);
  });

  it('drops and counts where it is told so', async () => {
    const clock = new TestClock();
    const { run, counters } = await started(
      rateLimitInterceptor,
      { bytesPerSecond: '2', action: 'drop', burst: '0' },
      clock,
    );
    expect((await run(lines('ab', 'cd'))).count).toBe(2);
    expect((await run(lines('ef'))).count).toBe(0);
    await clock.advance(2000);
    expect((await run(lines('gh'))).count).toBe(1);
    expect(counters.get('EventRateLimitedCount')).toBe(1);
  });
});
