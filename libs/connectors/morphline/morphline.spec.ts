import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventBatch } from '#pipeline/event-batch';
import type { Interceptor } from '#pipeline/collector';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { TestSinkContext, testFolder } from '../flume-sinks/sink-context.testkit.js';
import { morphlineSink } from '../flume-sinks/morphline/morphline-sink.js';
import { morphlineInterceptor } from '../interceptors/morphline/morphline-interceptor.js';

const folder = testFolder();
const services = { bootstrap: '', clock: systemClock, logger: silentLogger };

/** A file with these commands in a morphline `m`. */
function morphlineFile(commands: string, before = ''): string {
  const path = join(folder, `${Math.random()}.conf`);
  writeFileSync(
    path,
    `${before}\nmorphlines : [ { id : m, importCommands : ["org.kitesdk.**"], commands : [ ${commands} ] } ]`,
  );
  return path;
}

async function interceptor(options: Record<string, string>, context = new TestSinkContext()): Promise<Interceptor> {
  const made = morphlineInterceptor.create({ agent: 'a1', name: 'i1', options, services });
  await made.start?.(context);
  return made;
}

async function intercept(commands: string, batch: EventBatch, more: Record<string, string> = {}): Promise<EventBatch> {
  return (await interceptor({ morphlineFile: morphlineFile(commands), ...more })).intercept(batch);
}

const events = (batch: EventBatch) =>
  Array.from({ length: batch.count }, (_, index) => [batch.body(index).toString(), batch.headersOf(index)]);

const batchOf = (...rows: [string, Record<string, string>?][]): EventBatch =>
  EventBatch.of(
    rows.map(([body, headers]) => ({ body: Buffer.from(body), ...(headers === undefined ? {} : { headers }) })),
  );

describe('The morphline interceptor', () => {
  it('makes records of events and events of records', async () => {
    const commands = `{ if { conditions : [ { contains { kind : drop } } ], then : [ { dropRecord {} } ] } }
      { readLine { charset : UTF-8 } }
      { grok { dictionaryFiles : [grok-dictionaries/grok-patterns], expressions : { message : "%{WORD:word} %{INT:number}" }, extract : inplace } }
      { setValues { _attachment_body : "@{word}" } }, { toByteArray { field : _attachment_body } }, { removeFields { blacklist : ["literal:message"] } }`;
    const batch = batchOf(
      ['one 1', { kind: 'keep', all: 'x' }],
      ['two 2', { kind: 'drop', all: 'x' }],
      ['three 3', { all: 'x' }],
      ['bad', { all: 'x' }],
    );
    const result = await intercept(commands, batch);
    expect(events(result)).toEqual([
      ['one', { kind: 'keep', all: 'x', word: 'one', number: '1' }],
      ['three', { all: 'x', word: 'three', number: '3' }],
    ]);
    expect(result.headers.get('all')).toBe('x');
  });

  it('gives no attachment for an empty body, and an empty body for no attachment', async () => {
    expect(events(await intercept('{ not { readBlob {} } }', batchOf([''], ['x'])))).toEqual([['', {}]]);
    expect(events(await intercept('{ removeFields { blacklist : ["glob:_*"] } }', batchOf(['x'])))).toEqual([['', {}]]);
  });

  it('counts what the morphline fails, and keeps what came out before', async () => {
    const context = new TestSinkContext();
    const file = morphlineFile('{ readLine { charset : UTF-8 } }, { contains { message : a } }');
    const made = await interceptor({ morphlineFile: file }, context);
    expect(events(await made.intercept(batchOf(['a\nb'], ['b'])))).toEqual([['', { message: 'a' }]]);
    expect(context.counters.get('MorphlineFailedCount')).toBe(2);
  });

  it.each([
    ['{ readLine { charset : UTF-8 } }', 'several records'],
    ['{ addValues { a : [x, y] } }', 'gave the field a 2 values'],
    ['{ readJson {} }', 'a body has to be bytes'],
    ['{ readClob {} }', 'Missing charset'],
  ])('refuses the batch for %s', async (commands, message) => {
    await expect(
      intercept(commands, batchOf(['1\n2'.replace('\n', commands.includes('Json') ? '' : '\n')])),
    ).rejects.toThrow(message);
  });

  it('drops what a command cannot work with in production mode', async () => {
    const context = new TestSinkContext();
    const file = morphlineFile('{ readClob {} }');
    const made = await interceptor({ morphlineFile: file, isProductionMode: 'true' }, context);
    const batch = batchOf(['x'], ['y', { _attachment_charset: 'UTF-8' }]);
    expect(events(await made.intercept(batch))).toEqual([['', { message: 'y' }]]);
    expect(context.counters.get('MorphlineExceptionCount')).toBe(1);
  });

  it('takes the morphline by its id, and variables from the flume.conf', async () => {
    const path = join(folder, 'two.conf');
    writeFileSync(
      path,
      'KIND : none\nmorphlines : [ { id : a, commands : [] }, { id : b, commands : [ { addValues { kind : ${KIND} } } ] } ]',
    );
    const options = { morphlineFile: path, morphlineId: 'b', 'morphlineVariable.KIND': 'given' };
    expect(events(await (await interceptor(options)).intercept(batchOf(['x'])))).toEqual([['x', { kind: 'given' }]]);
    await expect(interceptor({ ...options, morphlineId: 'c' })).rejects.toThrow(
      'there is no morphline with the id c here, but a, b',
    );
  });

  it('tells all mistakes of a file at validation, and only warns where there is no file', () => {
    const path = morphlineFile('{ readLime {} }\n{ readLine { charst : UTF-8 } }\n{ loadSolr { solrLocator : {} } }');
    const [remark] = morphlineInterceptor.check?.({ morphlineFile: path }) ?? [];
    expect(remark?.severity).toBe('error');
    expect(remark?.message.split('\n')).toEqual([
      `${path}:2: there is no command readLime (did you mean readLine?)`,
      expect.stringContaining(`${path}:3: readLine has no argument charst (did you mean charset?)`),
      expect.stringContaining(`${path}:4: loadSolr is not supported: there is no Solr here`),
    ]);
    expect(morphlineInterceptor.check?.({ morphlineFile: '/none' })).toMatchObject([{ severity: 'warning' }]);
  });
});

describe('The morphline sink', () => {
  it('runs each event and drops what comes out', async () => {
    const context = new TestSinkContext();
    const options = { morphlineFile: morphlineFile('{ logInfo { format : "got {}", args : ["@{h}"] } }') };
    const sink = morphlineSink.create({ agent: 'a1', name: 'k1', options, services });
    await sink.start(context);
    await sink.write(batchOf(['x', { h: '1' }], ['y', { h: '2' }]));
    await sink.stop();
    expect(context.logged).toEqual(['got [1]', 'got [2]']);
  });

  it('fails the batch where a command fails, so that it is rolled back', async () => {
    const options = { morphlineFile: morphlineFile('{ readClob {} }') };
    const sink = morphlineSink.create({ agent: 'a1', name: 'k1', options, services });
    await sink.start(new TestSinkContext());
    await expect(sink.write(batchOf(['x']))).rejects.toThrow('Missing charset');
  });
});
