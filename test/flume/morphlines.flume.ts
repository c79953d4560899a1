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
import { classPath } from '../peers/jars.js';
import type { CaseRecord, MorphlineCase } from './morphlines/case.js';
import { fileCases, flowCases, timestampCases } from './morphlines/flow-cases.js';
import { readerCases } from './morphlines/reader-cases.js';
import { valueCases } from './morphlines/value-cases.js';

/** What came of a case. Values are texts with a letter for their kind: s text, x bytes, i whole number, d float, b boolean, o object. */
interface Outcome {
  readonly error?: 'compile' | 'run';
  readonly message?: string;
  readonly results?: readonly boolean[];
  readonly records?: readonly Readonly<Record<string, readonly string[]>>[];
}

const cases: readonly MorphlineCase[] = [...readerCases, ...valueCases, ...flowCases, ...timestampCases, ...fileCases];
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'morphlines-'));
let kite: readonly Outcome[];

beforeAll(async () => {
  mkdirSync(join(folder, 'dictionaries'));
  for (const [name, text] of shippedDictionaries) writeFileSync(join(folder, 'dictionaries', name), text);
  writeFileSync(join(folder, 'included.conf'), 'included { value : /usr }');
  kite = await runKite();
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
  const commands = item.commands?.replaceAll('DICTIONARIES', join(folder, 'dictionaries')) ?? '';
  const wrapped = `morphlines : [ { id : m, importCommands : ["org.kitesdk.**"], commands : [\n${commands}\n] } ]`;
  const path = join(folder, `${index}.conf`);
  writeFileSync(path, item.file ?? wrapped);
  return path;
}

/** All cases in one Java machine. */
async function runKite(): Promise<readonly Outcome[]> {
  const jars = await classPath('kite-morphlines', [
    'org.kitesdk:kite-morphlines-core:1.1.0',
    'org.kitesdk:kite-morphlines-json:1.1.0',
    'org.slf4j:slf4j-nop:1.7.36',
  ]);
  const encoded = (value: string, name: string): string =>
    name === '_attachment_body' ? `x:${Buffer.from(value).toString('base64')}` : `s:${value}`;
  const encodedRecord = (record: CaseRecord): Record<string, string[]> =>
    Object.fromEntries(
      Object.entries(record).map(([name, values]) => [name, [values].flat().map((value) => encoded(value, name))]),
    );
  const input = cases.map((item, index) => ({
    file: fileOf(item, index),
    records: (item.input ?? []).map(encodedRecord),
  }));
  writeFileSync(join(folder, 'input.json'), JSON.stringify(input));
  const runner = join(dirname(fileURLToPath(import.meta.url)), '..', 'peers', 'KiteRunner.java');
  const files = [join(folder, 'input.json'), join(folder, 'output.json')];
  await run('java', ['-Xmx256m', '-cp', jars, runner, ...files], { timeout: 120_000 });
  return JSON.parse(readFileSync(join(folder, 'output.json'), 'utf8')) as Outcome[];
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
    for (const record of item.input ?? []) results.push(morphline.process(recordOf(record)));
    return { results, records: collector.records.map(typedRecord) };
  } catch (error) {
    return { error: 'run', message: (error as Error).message, results, records: collector.records.map(typedRecord) };
  }
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
