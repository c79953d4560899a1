import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { MorphlineCompileError } from '#morphlines/errors';
import { shippedDictionaries } from '#morphlines/grok/shipped-dictionaries';
import { JavaDouble, javaText, type RecordValue } from '#morphlines/java-value';
import { Morphline } from '#morphlines/morphline';
import { RecordCollector, recordOf } from '#morphlines/morphline.testkit';
import type { MorphlineRecord } from '#morphlines/record';
import { morphlineInterceptor } from '#connectors/interceptors/morphline/morphline-interceptor';
import type { ComponentContext } from '#pipeline/collector';
import { EventBatch } from '#pipeline/event-batch';
import { classPath } from '../peers/jars.js';
import { avroCases } from './morphlines/avro-cases.js';
import { bodyBytes, type CaseRecord, type MorphlineCase } from './morphlines/case.js';
import { archiveCases } from './morphlines/archive-cases.js';
import { interceptorCases, type InterceptorCase } from './morphlines/interceptor-cases.js';
import { fileCases, flowCases, timestampCases } from './morphlines/flow-cases.js';
import { readerCases } from './morphlines/reader-cases.js';
import { userAgentCases, userAgentDatabases } from './morphlines/user-agent-cases.js';
import { valueCases } from './morphlines/value-cases.js';

/** What came of a case. Values are texts with a letter for their kind: s text, x bytes, i whole number, d float, b boolean, o object. */
interface Outcome {
  readonly error?: 'compile' | 'run';
  readonly message?: string;
  readonly results?: readonly boolean[];
  readonly records?: readonly Readonly<Record<string, readonly string[]>>[];
}

interface EventOutcome {
  readonly error?: 'compile';
  readonly events?: readonly (
    | { readonly body: string; readonly headers: Readonly<Record<string, string>> }
    | { readonly error: 'run' }
    | null
  )[];
}

const cases: readonly MorphlineCase[] = [
  ...readerCases,
  ...valueCases,
  ...flowCases,
  ...timestampCases,
  ...fileCases,
  ...archiveCases,
  ...avroCases,
  ...userAgentCases,
];
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'morphlines-'));
let kite: readonly Outcome[];
let flume: readonly EventOutcome[];

beforeAll(async () => {
  mkdirSync(join(folder, 'dictionaries'));
  for (const [name, text] of shippedDictionaries) writeFileSync(join(folder, 'dictionaries', name), text);
  for (const [name, text] of Object.entries(userAgentDatabases)) writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, 'included.conf'), 'included { value : /usr }');
  const outcomes = await runKite();
  kite = outcomes.slice(0, cases.length) as Outcome[];
  flume = outcomes.slice(cases.length) as EventOutcome[];
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('A morphline gives the records that Kite gives', () => {
  it.each(cases.map((item, index) => [item.name, item, index] as const))('%s', async (_name, item, index) => {
    const ours = withoutChance(await runOurs(item, index), item.random);
    const theirs = withoutChance(kite[index] ?? {}, item.random);
    if (item.differs === undefined) {
      // A case with records is about them: it would prove nothing if neither side took the file.
      if (item.input !== undefined && item.input.length > 0) expect(ours.error).not.toBe('compile');
      expect(comparable(ours)).toEqual(comparable(theirs));
    } else {
      expect(comparable(ours)).not.toEqual(comparable(theirs));
      expect(JSON.stringify(ours)).toContain(item.differs.ours);
    }
  });
});

describe("A morphline interceptor gives the events that Flume's gives", () => {
  it.each(interceptorCases.map((item, index) => [item.name, item, index] as const))(
    '%s',
    async (_name, item, index) => {
      expect(await interceptOurs(item, index)).toEqual(withoutMessages(flume[index]));
    },
  );
});

function withoutMessages(outcome: EventOutcome | undefined): EventOutcome {
  if (outcome?.events === undefined) return { error: 'compile' };
  return {
    events: outcome.events.map((event) => (event !== null && 'error' in event ? { error: event.error } : event)),
  };
}

async function interceptOurs(item: InterceptorCase, index: number): Promise<EventOutcome> {
  const services = { bootstrap: '', clock: systemClock, logger: silentLogger };
  const context: ComponentContext = {
    ...services,
    name: 'i1',
    stateDirectory: folder,
    count() {},
    reportError() {},
  };
  const interceptor = morphlineInterceptor.create({
    agent: 'a1',
    name: 'i1',
    options: interceptorOptions(item, index),
    services,
  });
  try {
    await interceptor.start?.(context);
  } catch {
    return { error: 'compile' };
  }
  const events: NonNullable<EventOutcome['events']>[number][] = [];
  for (const { body, headers = {} } of item.events) {
    try {
      const batch = await interceptor.intercept(EventBatch.of([{ body: Buffer.from(body), headers }]));
      events.push(batch.count === 0 ? null : { body: batch.body(0).toString('base64'), headers: batch.headersOf(0) });
    } catch {
      events.push({ error: 'run' });
    }
  }
  await interceptor.stop?.();
  return { events };
}

function interceptorOptions(item: InterceptorCase, index: number): Record<string, string> {
  const path = join(folder, `interceptor-${index}.conf`);
  writeFileSync(
    path,
    `KNOWN : of the file\nmorphlines : [ { id : m, importCommands : ["org.kitesdk.**"], commands : [\n${item.commands}\n] } ]`,
  );
  return { morphlineFile: path, ...item.options };
}

/** Messages are for people, and ours say more. */
function comparable(outcome: Outcome): unknown {
  return { error: outcome.error, results: outcome.results, records: outcome.records };
}

function withoutChance(outcome: Outcome, random: readonly string[] = []): Outcome {
  const records = outcome.records?.map((record) =>
    Object.fromEntries(
      Object.entries(record).map(([name, values]) => [
        name,
        random.includes(name) ? values.map((value) => value.replaceAll(/[0-9a-f]/g, '0')) : values,
      ]),
    ),
  );
  return { ...outcome, records };
}

function fileOf(item: MorphlineCase, index: number): string {
  const commands =
    item.commands?.replaceAll('DICTIONARIES', join(folder, 'dictionaries')).replaceAll('HERE', folder) ?? '';
  const wrapped = `morphlines : [ { id : m, importCommands : ["org.kitesdk.**"], commands : [\n${commands}\n] } ]`;
  const path = join(folder, `${index}.conf`);
  writeFileSync(path, item.file ?? wrapped);
  return path;
}

/** All cases in one Java machine. */
async function runKite(): Promise<readonly unknown[]> {
  const jars = await classPath('kite-morphlines', [
    // The one of Kite's own age does not start on a Java of today.
    'org.xerial.snappy:snappy-java:1.1.10.5',
    'org.kitesdk:kite-morphlines-core:1.1.0',
    'org.kitesdk:kite-morphlines-json:1.1.0',
    'org.kitesdk:kite-morphlines-tika-core:1.1.0',
    'org.kitesdk:kite-morphlines-tika-decompress:1.1.0',
    'org.kitesdk:kite-morphlines-avro:1.1.0',
    // The parser that it was released with does not resolve from Maven Central; this one has the same classes under later coordinates.
    'org.kitesdk:kite-morphlines-useragent:1.1.0 !ua_parser:ua-parser',
    'com.github.ua-parser:uap-java:1.4.0',
    'org.slf4j:slf4j-nop:1.7.36',
    'org.apache.flume.flume-ng-sinks:flume-ng-morphline-solr-sink:1.11.0 !*:*',
    ...['core', 'sdk', 'configuration'].map((name) => `org.apache.flume:flume-ng-${name}:1.11.0 !*:*`),
  ]);
  const encoded = (value: string, name: string): string =>
    name === '_attachment_body' ? `x:${bodyBytes(value).toString('base64')}` : `s:${value}`;
  const encodedRecord = (record: CaseRecord): Record<string, string[]> =>
    Object.fromEntries(
      Object.entries(record).map(([name, values]) => [name, [values].flat().map((value) => encoded(value, name))]),
    );
  const input = cases.map((item, index) => ({
    file: fileOf(item, index),
    records: (item.input ?? []).map(encodedRecord),
  }));
  const intercepted = interceptorCases.map((item, index) => ({
    options: interceptorOptions(item, index),
    events: item.events.map(({ body, headers = {} }) => ({ body: Buffer.from(body).toString('base64'), headers })),
  }));
  writeFileSync(join(folder, 'input.json'), JSON.stringify([...input, ...intercepted]));
  const runner = join(dirname(fileURLToPath(import.meta.url)), '..', 'peers', 'KiteRunner.java');
  const files = [join(folder, 'input.json'), join(folder, 'output.json')];
  await run('java', ['-Xmx256m', '-cp', jars, runner, ...files], { timeout: 120_000 });
  return JSON.parse(readFileSync(join(folder, 'output.json'), 'utf8')) as unknown[];
}

async function runOurs(item: MorphlineCase, index: number): Promise<Outcome> {
  const collector = new RecordCollector();
  let morphline: Morphline;
  try {
    morphline = Morphline.compileFile(fileOf(item, index), {
      clock: systemClock,
      logger: silentLogger,
      last: collector,
    });
  } catch (error) {
    if (!(error instanceof MorphlineCompileError)) throw error;
    return { error: 'compile', message: error.message };
  }
  await morphline.start();
  const results: boolean[] = [];
  try {
    morphline.notify('START_SESSION');
    for (const record of item.input ?? []) results.push(morphline.process(recordOf(withBytes(record))));
    return { results, records: collector.records.map(typedRecord) };
  } catch (error) {
    return { error: 'run', message: (error as Error).message, results, records: collector.records.map(typedRecord) };
  }
}

function withBytes(record: CaseRecord): Record<string, RecordValue | readonly RecordValue[]> {
  const { _attachment_body: bodies, ...others } = record;
  return bodies === undefined ? others : { ...others, _attachment_body: [bodies].flat().map(bodyBytes) };
}

function typedRecord(record: MorphlineRecord): Record<string, string[]> {
  return Object.fromEntries([...record.entries()].map(([name, values]) => [name, values.map(typed)]));
}

function typed(value: RecordValue): string {
  if (value instanceof Uint8Array) return `x:${Buffer.from(value).toString('base64')}`;
  if (typeof value === 'string') return `s:${value}`;
  if (typeof value === 'boolean') return `b:${value}`;
  if (value instanceof JavaDouble) return `d:${value.toString()}`;
  return `${typeof value === 'object' ? 'o' : 'i'}:${javaText(value)}`;
}
