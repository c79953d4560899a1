import type { ConnectorPlugins } from '#pipeline/connector-plugins';
import { createPreparation } from '#pipeline/converter-options';
import type { RecordHeader, SinkBatch } from '#pipeline/sink-batch';
import type { Prepared } from '#pipeline/sink-preparation';
import { readTransforms } from '#pipeline/transforms/transform-options';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { loadConnectorPlugins } from '../connector-plugins.js';

interface Given {
  readonly key?: string | null;
  readonly value: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Records of `orders-1` from offset 100 on. */
function batchOf(records: readonly Given[], from = 0): SinkBatch {
  const headers = (index: number): readonly RecordHeader[] =>
    Object.entries(records[index]?.headers ?? {}).map(([key, value]) => ({ key, value: Buffer.from(value) }));
  const bytes = (text: string | null | undefined): Buffer | null =>
    typeof text === 'string' ? Buffer.from(text) : null;
  return {
    topic: 'orders',
    partition: 1,
    count: records.length,
    byteCount: records.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0),
    offset: (index) => 100 + from + index,
    timestamp: () => Date.UTC(2026, 0, 2),
    key: (index) => bytes(records[index]?.key),
    value: (index) => bytes(records[index]?.value),
    headers,
    header: (index, name) =>
      headers(index)
        .findLast(({ key }) => key === name)
        ?.value?.toString() ?? null,
    slice: (start, end) => batchOf(records.slice(start, end), from + start),
  };
}

/** Each piece as lines `topic offset key=value {headers}`, failures as `! offset: message`. */
function shown({ pieces }: Prepared): string[] {
  return pieces.flatMap((piece) => {
    const { batch } = piece;
    if (piece.kind === 'failure') {
      return [
        `! ${batch.offset(0)} ${piece.failure.stage}: ${piece.failure.error instanceof Error ? piece.failure.error.message : ''}`,
      ];
    }
    return Array.from({ length: batch.count }, (_none, index) => {
      const headers = batch.headers(index).map(({ key, value }) => `${key}:${value?.toString() ?? ''}`);
      const topic = batch.routedTopic ?? batch.topic;
      return `${topic} ${batch.offset(index)} ${batch.key(index)?.toString() ?? '-'}=${batch.value(index)?.toString() ?? '-'} ${headers.join()}`.trim();
    });
  });
}

describe('transforms of sinks', () => {
  let plugins: ConnectorPlugins;

  beforeAll(async () => {
    plugins = await loadConnectorPlugins();
  });

  async function run(config: Record<string, string>, records: readonly Given[]): Promise<Prepared> {
    expect(readTransforms(config, plugins).problems).toEqual([]);
    const services = { clock: systemClock, logger: silentLogger, bootstrap: '' };
    const preparation = createPreparation(config, plugins, services);
    await preparation.start({
      clock: systemClock,
      logger: silentLogger,
      stateDirectory: 'nowhere',
      count: () => undefined,
    });
    const prepared = await preparation.prepare(batchOf(records));
    await preparation.stop();
    return prepared;
  }

  it('work on JSON that no converter has read, and leave records as they are that they do not concern', async () => {
    const prepared = await run(
      {
        transforms: 'name,time',
        predicates: 'big',
        'transforms.name.type': 'ReplaceField$Value',
        'transforms.name.renames': 'a:b',
        'transforms.name.predicate': 'big',
        'transforms.time.type': 'InsertHeader',
        'transforms.time.header': 'h',
        'transforms.time.value.literal': '1',
        'predicates.big.type': 'cel',
        'predicates.big.expression': 'json.a > 1.0',
      },
      [{ value: '{"a": 1}' }, { value: '{"a":2,"n":12345678901234567890}', headers: { x: 'y' } }],
    );
    expect(shown(prepared)).toEqual([
      'orders 100 -={"a": 1} h:1',
      'orders 101 -={"b":2,"n":12345678901234567890} x:y,h:1',
    ]);
  });

  it('drop, put aside and route records, and what is left knows where it came from', async () => {
    const prepared = await run(
      {
        transforms: 'few,route,mask',
        'transforms.few.type': 'cel',
        'transforms.few.filter': 'body != "drop"',
        'transforms.route.type': 'cel',
        'transforms.route.topic': 'body.startsWith("{") ? "json-" + topic : topic',
        'transforms.mask.type': 'MaskField$Value',
        'transforms.mask.fields': 'card',
      },
      [
        { value: 'drop' },
        { key: 'k', value: '{"card":"4711"}' },
        { value: 'text' },
        { value: 'drop' },
        { value: '{"card":1}' },
      ],
    );
    expect(shown(prepared)).toEqual([
      'json-orders 101 k={"card":""}',
      '! 102 TRANSFORMATION: Only objects with fields are supported for [mask fields], found: string',
      'json-orders 104 -={"card":0}',
    ]);
    expect(prepared).toMatchObject({ filtered: 2, filteredBytes: 8 });
    expect(prepared.pieces.map(({ batch }) => [batch.topic, batch.partition])).toEqual([
      ['orders', 1],
      ['orders', 1],
      ['orders', 1],
    ]);
    expect(prepared.pieces[1]?.batch.value(0)?.toString()).toBe('text');
  });

  it('are interceptors of collectors too: headers are headers, the value is the body', async () => {
    const prepared = await run(
      {
        transforms: 'only,env,cut,gone',
        'transforms.only.type': 'regex_filter',
        'transforms.only.regex': '^keep',
        'transforms.env.type': 'static',
        'transforms.env.key': 'env',
        'transforms.env.value': 'prod',
        'transforms.cut.type': 'org.apache.flume.interceptor.SearchAndReplaceInterceptor$Builder',
        'transforms.cut.searchPattern': '[0-9]+',
        'transforms.cut.replaceString': '#',
        'transforms.gone.type': 'remove_header',
        'transforms.gone.withName': 'x',
      },
      [
        { key: 'a', value: 'keep 12', headers: { x: '1', y: '2' } },
        { value: 'other', headers: { x: '1' } },
        { key: 'b', value: null, headers: { x: '3' } },
        { key: 'c', value: 'keep', headers: { y: '9' } },
      ],
    );
    expect(shown(prepared)).toEqual([
      'orders 100 a=keep # y:2,env:prod',
      'orders 102 b=- x:3',
      'orders 103 c=keep y:9,env:prod',
    ]);
    expect(prepared.filtered).toBe(1);
  });

  it('put the one record aside that an interceptor can not take', async () => {
    const config = {
      transforms: 'one',
      'transforms.one.type': 'json',
      'transforms.one.headers.level': 'level',
      'transforms.one.onError': 'fail',
    };
    const prepared = await run(config, [
      { value: '{"level":"info"}' },
      { value: 'nonsense' },
      { value: '{"level":"warn"}' },
    ]);
    expect(prepared.pieces.map(({ kind, batch }) => [kind, batch.offset(0), batch.count])).toEqual([
      ['records', 100, 1],
      ['failure', 101, 1],
      ['records', 102, 1],
    ]);
    expect(prepared.pieces[0]?.batch.header(0, 'level')).toBe('info');
  });

  it('forget what they have seen when a partition is read again', async () => {
    const config = { transforms: 'once', 'transforms.once.type': 'dedupe' };
    const services = { clock: systemClock, logger: silentLogger, bootstrap: '' };
    const preparation = createPreparation(config, plugins, services);
    await preparation.start({
      clock: systemClock,
      logger: silentLogger,
      stateDirectory: 'nowhere',
      count: () => undefined,
    });
    const twice = batchOf([{ value: 'same' }, { value: 'same' }]);
    expect(await preparation.prepare(twice)).toMatchObject({ filtered: 1 });
    expect(await preparation.prepare(twice)).toMatchObject({ filtered: 2 });
    preparation.reset();
    expect(await preparation.prepare(twice)).toMatchObject({ filtered: 1 });
  });

  it('set fields, keys, headers and values by expressions', async () => {
    const prepared = await run(
      {
        transforms: 'set,gone',
        'transforms.set.type': 'cel',
        'transforms.set.key': 'json.id',
        'transforms.set.field.total': 'json.price * json.count',
        'transforms.set.header.from': 'topic + "-" + string(partition) + "@" + string(offset)',
        'transforms.gone.type': 'cel',
        'transforms.gone.value': 'json.count == 0.0 ? null : json',
      },
      [{ value: '{"id":"a","price":2.5,"count":2}' }, { value: '{"id":"b","price":1,"count":0}' }],
    );
    expect(shown(prepared)).toEqual([
      'orders 100 a={"id":"a","price":2.5,"count":2,"total":5} from:orders-1@100',
      'orders 101 b=- from:orders-1@101',
    ]);
  });

  it.each<[string, Record<string, string>, string, RegExp]>([
    ['a kind that is missing', {}, 'transforms.a.type', /Missing required configuration "type"/],
    ['a misspelled kind', { 'transforms.a.type': 'RegexRooter' }, 'transforms.a.type', /did you mean RegexRouter/],
    ['an option that is missing', { 'transforms.a.type': 'ValueToKey' }, 'transforms.a.fields', /transforms.a.fields/],
    [
      'a misspelled option',
      { 'transforms.a.type': 'Flatten', 'transforms.a.delimeter': '_' },
      'transforms.a.delimeter',
      /did you mean transforms.a.delimiter/,
    ],
    ['nothing to do', { 'transforms.a.type': 'InsertField' }, 'transforms.a.type', /No field insertion configured/],
    ['a wrong type', { 'transforms.a.type': 'Cast', 'transforms.a.spec': 'x:money' }, 'transforms.a.spec', /money/],
    [
      'a wrong expression',
      { 'transforms.a.type': 'cel', 'transforms.a.filter': 'json.' },
      'transforms.a.filter',
      /expression/,
    ],
    [
      'a predicate that is not',
      { 'transforms.a.type': 'Filter', 'transforms.a.predicate': 'p' },
      'transforms.a.predicate',
      /not among predicates/,
    ],
    [
      'a negation of nothing',
      { 'transforms.a.type': 'Filter', 'transforms.a.negate': 'true' },
      'transforms.a.negate',
      /no meaning without/,
    ],
    [
      'a transform that is not named',
      { 'transforms.a.type': 'Filter', 'transforms.b.type': 'Filter' },
      'transforms.b.type',
      /has no b/,
    ],
    [
      'an interceptor’s mistake',
      { 'transforms.a.type': 'regex_filter', 'transforms.a.regex': '(' },
      'transforms.a.regex',
      /regular/,
    ],
  ])('find %s', (_what, config, name, message) => {
    const { problems } = readTransforms({ transforms: 'a', ...config }, plugins);
    expect(problems).toContainEqual(expect.objectContaining({ name, message: expect.stringMatching(message) }));
  });

  it('have the options of forms under their whole keys', () => {
    const { groups } = readTransforms({ transforms: 'a', 'transforms.a.type': 'RegexRouter' }, plugins);
    expect(groups.map(({ group }) => group)).toEqual(['Transforms: a']);
    expect(Object.keys(groups[0]?.specs ?? {})).toEqual([
      'transforms.a.type',
      'transforms.a.predicate',
      'transforms.a.negate',
      'transforms.a.regex',
      'transforms.a.replacement',
    ]);
  });
});
