/** The message browser on a real product: what people look for, and by which keys. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { encode } from '@msgpack/msgpack';
import avro from 'avsc';
import type { Page } from 'playwright-core';
import { writeContainer } from '#morphlines/avro/avro-container';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { TopicWriter } from '#topics/topic-writer';
import { accessibilityProblems, takePictures } from './browser.js';
import { eventually } from '../flows/product.js';
import { startConsole, type ConsoleProduct } from './console-product.js';

jest.setTimeout(120_000);

const many = 1_000_000;
const batch = 20_000;

let bed: ConsoleProduct;
beforeAll(async () => {
  bed = await startConsole({ topicsPort: 24_832, httpPort: 24_833 });
  await Promise.all([create('million', 4), create('mixed', 2), create('letters', 3)]);
  await write('mixed', [
    { key: 'json', value: { id: 7, tags: ['a', 'b'], nested: { ok: true } }, headers: { tenant: 'blue' } },
    { key: 'msgpack', value: base64(encode({ city: 'Bern', at: 12 })), value_encoding: 'base64' },
    { key: 'avro', value: base64(avroContainer()), value_encoding: 'base64' },
    { key: 'framed', value: base64(Buffer.from([0, 0, 0, 0, 7, 8, 66])), value_encoding: 'base64' },
    { key: 'binary', value: base64(Buffer.from([0xff, 0xfe, 0, 1, 0xc1])), value_encoding: 'base64' },
    { key: 'text', value: 'plain words' },
  ]);
}, 120_000);
afterAll(() => bed.stop());

async function create(name: string, partitions: number): Promise<void> {
  const { status } = await bed.product.rest('POST', '/api/v1/topics', { name, partitions });
  expect(status).toBe(201);
}

async function write(topic: string, records: readonly object[]): Promise<void> {
  expect(await bed.product.rest('POST', `/api/v1/topics/${topic}/records`, records)).toMatchObject({
    status: 201,
    body: { written: records.length },
  });
}

/** `key-0` to `key-999999`, a millisecond each. */
async function produceMany(topic: string): Promise<void> {
  const { bootstrap } = bed.product;
  const cluster = new Cluster({ bootstrap: [bootstrap], clientId: 'spec', clock: systemClock, logger: silentLogger });
  const writer = new TopicWriter(cluster);
  const begin = Date.now() - many;
  const bytes = Buffer.from('{"level":"info","text":"a small record"}');
  for (let from = 0; from < many; from += batch) {
    await writer.write(topic, {
      bytes,
      starts: new Int32Array(batch),
      ends: new Int32Array(batch).fill(bytes.length),
      headers: new Map(),
      keys: Array.from({ length: batch }, (_, index) => Buffer.from(`key-${from + index}`)),
      timestamps: Float64Array.from({ length: batch }, (_, index) => begin + from + index),
    });
  }
  await writer.close();
  await cluster.close();
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function avroContainer(): Buffer {
  const type = avro.Type.forSchema({ type: 'record', name: 'Town', fields: [{ name: 'town', type: 'string' }] });
  return writeContainer({ type, values: [{ town: 'Chur' }], codec: null, metadata: new Map() });
}

function records(page: Page, topic: string) {
  return page.getByRole('table', { name: `Records of ${topic}` });
}

/** The end of a run, as a screen reader is told of it. */
async function ended(page: Page, how: string): Promise<void> {
  await page
    .getByRole('status')
    .filter({ hasText: `${how}: ` })
    .waitFor({ state: 'attached', timeout: 60_000 });
}

/** The value in the panel beside the list. */
function shownValue(page: Page, text: string) {
  return page.getByRole('region', { name: /^Value as / }).getByText(text);
}

/** `Scanned 1,000 of 2,000, found 3` as numbers. */
async function progressOf(page: Page): Promise<{ scanned: number; of: number; found: number }> {
  const text = (await page.locator('.records-summary').textContent()) ?? '';
  const [scanned = 0, of = 0, found = 0] = [...text.matchAll(/[\d,]+(?=[ ,]|$)/g)].map(([number]) =>
    Number(number.replaceAll(',', '')),
  );
  return { scanned, of, found };
}

test('one of a million is found by its key, with progress; a search stops and goes on where it was', async () => {
  const producedAt = Date.now();
  await produceMany('million');
  console.log(`${many} records written in ${Date.now() - producedAt} ms`);
  const { page, context, errors } = await bed.browser.open('/topics/million/records?start=oldest');
  await page.getByLabel('Look for').selectOption('Key equals');
  await page.getByLabel('Text', { exact: true }).fill('key-987654');
  const startedAt = Date.now();
  await page.getByRole('button', { name: 'Search' }).click();
  await page.getByRole('button', { name: 'Stop' }).click();
  await ended(page, 'stopped');
  const stopped = await progressOf(page);
  await page.getByRole('button', { name: 'Go on' }).click();
  await ended(page, 'all read');
  expect(await progressOf(page)).toEqual({ scanned: many, of: many, found: 1 });
  expect(stopped.scanned).toBeLessThan(many);
  console.log(`one of ${many} found in ${Date.now() - startedAt} ms, stopped at ${stopped.scanned}`);
  await records(page, 'million').getByText('key-987654', { exact: true }).click();
  await page.getByRole('region', { name: 'Value as JSON' }).first().waitFor();
  expect(page.url()).toContain('match=key');
  expect(errors).toEqual([]);
  await context.close();
  // Of which a few are for the million, and the rest for a busy machine.
}, 240_000);

test('the list is virtual and goes on at its end', async () => {
  const { page, context, errors } = await bed.browser.open('/topics/million/records');
  const list = records(page, 'million');
  await list.getByText('key-999999', { exact: true }).waitFor();
  await eventually('more rows', 30_000, () =>
    page.evaluate<boolean>(`(() => {
      const frame = document.querySelector('[role="table"]');
      frame.scrollTo(0, frame.scrollHeight);
      return Number(frame.getAttribute('aria-rowcount')) > 3_000;
    })()`),
  );
  expect(await list.getByRole('row').count()).toBeLessThan(80);
  expect(errors).toEqual([]);
  await context.close();
});

test('a live tail shows a record that was just produced, and holds', async () => {
  const { page, context, errors } = await bed.browser.open('/topics/letters/records?start=live');
  await page.getByText(/following$/).waitFor();
  await write('letters', [{ key: 'first', value: 'one' }]);
  await records(page, 'letters').getByText('first', { exact: true }).waitFor();
  await page.getByRole('heading', { level: 1 }).click();
  await page.keyboard.press('Space');
  await write('letters', [{ key: 'second', value: 'two' }]);
  await page.getByText('1 came meanwhile').waitFor();
  expect(await records(page, 'letters').getByText('second', { exact: true }).count()).toBe(0);
  await page.keyboard.press('Space');
  await records(page, 'letters').getByText('second', { exact: true }).waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  expect(errors).toEqual([]);
  await context.close();
});

test('every decoder shows what it reads, or says why it can not', async () => {
  const { page, context, errors } = await bed.browser.open('/topics/mixed/records');
  const open = async (key: string): Promise<void> => {
    await records(page, 'mixed').getByText(key, { exact: true }).click();
    await page.getByRole('heading', { name: 'Value', exact: true }).waitFor();
  };
  const value = page.getByRole('tablist', { name: 'Value read as' });
  await open('json');
  await shownValue(page, '"nested"').waitFor();
  await page.getByRole('button', { name: 'Tree' }).first().click();
  await page.getByRole('region', { name: 'Value as a tree' }).getByText('nested').waitFor();
  await page.getByRole('rowheader', { name: 'tenant' }).waitFor();
  await open('msgpack');
  await page.getByText('MessagePack, read to its end').waitFor();
  await shownValue(page, '"Bern"').waitFor();
  await value.getByRole('tab', { name: 'JSON' }).click();
  await page.getByText(/Not JSON: the bytes are not UTF-8/).waitFor();
  await open('avro');
  await page.getByText('Avro, container file, values: 1').waitFor();
  await shownValue(page, '"Chur"').waitFor();
  await open('framed');
  await value.getByRole('tab', { name: 'Avro' }).click();
  await page.getByText(/with schema 7; the schema is in a registry, and none is configured here/).waitFor();
  await open('binary');
  await shownValue(page, 'ff fe 00 01 c1').waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  expect(errors).toEqual([]);
  await context.close();
});

test('a record is written, its edited copy is sent, and its link opens it again', async () => {
  const { page, context, errors } = await bed.browser.open('/topics/letters/records');
  await page.getByRole('button', { name: 'Write a record' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Key', { exact: true }).fill('mine');
  await dialog.getByLabel('Value', { exact: true }).fill('{"draft": 1');
  await dialog.getByRole('alert').waitFor();
  await dialog.getByLabel('Value', { exact: true }).fill('{"draft": 1}');
  await dialog.getByLabel('Headers').fill('tenant: blue');
  await dialog.getByRole('button', { name: 'Try only' }).click();
  await dialog.getByText(/Could be written: 16 bytes, to partition \d/).waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Write', exact: true }).click();
  await page.getByText(/Written to partition \d, offset \d+/).waitFor();
  await shownValue(page, '"draft": 1').waitFor();
  await page.getByRole('button', { name: 'Edit and send again' }).click();
  expect(await dialog.getByLabel('Headers').inputValue()).toBe('tenant: blue');
  await dialog.getByLabel('Value', { exact: true }).fill('{"draft": 2}');
  await dialog.getByRole('button', { name: 'Write', exact: true }).click();
  await shownValue(page, '"draft": 2').waitFor();
  await page.getByRole('button', { name: 'Copy link' }).click();
  const link = await page.evaluate<string>('navigator.clipboard.readText()');
  await page.goto(link);
  await shownValue(page, '"draft": 2').waitFor();
  expect(errors).toEqual([]);
  await context.close();
});

test('a wrong filter shows where it is wrong, a right one searches; the search is exported by a job', async () => {
  const { page, context, errors } = await bed.browser.open('/topics/mixed/records');
  const filter = page.getByLabel('Filter (CEL)');
  await filter.fill('key == "text" && valeu != null');
  await page.getByText('At character 18: Unknown variable: valeu').waitFor();
  expect(await page.locator('mark').textContent()).toBe('valeu');
  expect(await page.getByRole('button', { name: 'Search' }).isDisabled()).toBe(true);
  expect(await accessibilityProblems(page)).toEqual([]);
  await filter.fill('key == "text" && value != null');
  await page.getByText('At character').waitFor({ state: 'detached' });
  await filter.press('Enter');
  await page.getByText('Scanned 6 of 6, found 1').first().waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download NDJSON' }).click(),
  ]);
  expect(download.suggestedFilename()).toBe('mixed.ndjson');
  await page.getByRole('button', { name: 'Export all …' }).click();
  await page.getByRole('dialog').getByLabel('Format').selectOption('CSV');
  await page.getByRole('button', { name: 'Begin the export' }).click();
  await page.getByRole('button', { name: 'Show the job' }).click();
  await page.waitForURL('**/console/jobs/*');
  const id = page.url().split('/').at(-1) ?? '';
  await expect(jobResult(id)).resolves.toMatchObject({ format: 'csv', records: 1, scanned: 6 });
  expect(errors).toEqual([]);
  await context.close();
});

async function jobResult(id: string): Promise<unknown> {
  let result: unknown = null;
  await eventually('the end of the job', 30_000, async () => {
    const { body } = await bed.product.rest('GET', `/api/v1/jobs/${id}`);
    ({ result } = body as { result: unknown });
    return result !== null;
  });
  return result;
}

test('with keys alone: filter, list, record, its neighbours and back', async () => {
  const { page, context, errors } = await bed.browser.open(
    '/topics/mixed/records?start=oldest&partition=0&partition=1',
  );
  await records(page, 'mixed').getByRole('row').nth(1).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('a');
  await page.keyboard.press('Enter');
  await page.waitForURL(/text=a/);
  await ended(page, 'all read');
  await page.keyboard.press('f');
  await page.keyboard.type('key != "x"');
  await page.keyboard.press('Enter');
  await page.waitForURL(/filter=/);
  await ended(page, 'all read');
  const focused = "document.activeElement.getAttribute('role')";
  const isInList = (): Promise<boolean> => page.evaluate<boolean>(`${focused} === 'row'`);
  for (let tabs = 0; tabs < 40 && !(await isInList()); tabs += 1) await page.keyboard.press('Tab');
  expect(await isInList()).toBe(true);
  await page.keyboard.press('Enter');
  const panel = page.getByRole('region', { name: /^Record \d+:\d+$/ });
  await panel.waitFor();
  const first = page.url();
  await page.keyboard.press(']');
  await page.waitForURL((url) => url.href !== first);
  await page.keyboard.press('[');
  await page.waitForURL(first);
  await page.keyboard.press('Escape');
  await panel.waitFor({ state: 'detached' });
  await eventually('the focus in the list', 10_000, isInList);
  expect(errors).toEqual([]);
  await context.close();
});

test('pictures', async () => {
  const { body } = await bed.product.rest('GET', '/api/v1/topics/mixed/records?order=oldest&offset=0&limit=1');
  const [{ partition, offset }] = (body as { data: [{ partition: number; offset: number }] }).data;
  const problems = await takePictures(
    bed.browser,
    `/topics/mixed/records?start=oldest&at=${partition}:${offset}`,
    'records',
    (page) => page.getByRole('heading', { name: 'Value', exact: true }).waitFor(),
  );
  expect(problems).toEqual([]);
  const ready = (page: Page): Promise<void> => ended(page, 'there is more');
  expect(await takePictures(bed.browser, '/topics/access-log/records', 'records-list', ready)).toEqual([]);
});
