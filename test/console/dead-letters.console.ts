import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { eventually } from '../flows/product.js';
import { accessibilityProblems, takePictures, type View } from './browser.js';
import { startConsole, type ConsoleProduct } from './console-product.js';

const dlq = '/api/v1/sinks/access-table/dlq';
let bed: ConsoleProduct;
beforeAll(async () => {
  bed = await startConsole({ topicsPort: 24_876, httpPort: 24_877 });
  // The demo writes a bad line in 500.
  await eventually('three dead letters', 90_000, async () => (await counts()).open >= 3);
}, 180_000);
afterAll(() => bed.stop());

async function counts(): Promise<{ open: number; redriven: number; discarded: number }> {
  const { body } = await bed.product.rest('GET', dlq);
  return (body as { counts: { open: number; redriven: number; discarded: number } }).counts;
}

async function rowsOf(agent: string): Promise<number> {
  const file = (name: string): string => readFileSync(join(bed.product.dataDirectory, 'postgres', name), 'utf8').trim();
  const client = new pg.Client({
    host: '127.0.0.1',
    port: Number(file('port')),
    user: 'millrace',
    password: file('password'),
    database: 'millrace',
  });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM access_log WHERE agent = $1', [agent]);
    return rowCount ?? 0;
  } finally {
    await client.end();
  }
}

/** The letter at the top of the list. */
async function openFirst({ page }: View): Promise<void> {
  await page.getByRole('table', { name: 'Dead letters' }).getByRole('row').nth(1).getByRole('link').click();
  await page.getByRole('heading', { level: 1, name: /^Letter 0-/ }).waitFor();
}

test('letters are counted by sink and grouped; a click narrows, and the link shows the same', async () => {
  const view = await bed.browser.open('/dead-letters');
  const { page, context, errors } = view;
  await page
    .getByRole('row', { name: /access-table/ })
    .getByRole('link', { name: 'access-table', exact: true })
    .click();
  await page.getByRole('heading', { level: 1, name: 'access-table' }).waitFor();
  const group = page.getByRole('button', { name: /ConversionError the bytes are not JSON/ });
  await group.click();
  await page.getByRole('list', { name: 'Narrowed to' }).getByText('Class ConversionError').waitFor();
  await page.getByRole('button', { name: 'access-log, partition', exact: false }).first().click();
  expect(new URL(page.url()).searchParams.get('error_class')).toBe('ConversionError');
  expect(new URL(page.url()).searchParams.get('topic')).toBe('access-log');
  const colleague = await bed.browser.open(
    new URL(page.url()).pathname.replace('/console', '') + new URL(page.url()).search,
  );
  await colleague.page.getByRole('list', { name: 'Narrowed to' }).getByText('Topic access-log').waitFor();
  await page.getByLabel('Expression (CEL)').fill('value.');
  await page.getByRole('button', { name: 'Filter' }).click();
  await page.getByRole('alert').getByText('cannot be used').first().waitFor();
  await page.getByLabel('Expression (CEL)').fill('value.contains("nothing has this")');
  await page.getByRole('button', { name: 'Filter' }).click();
  await page.getByText('No such letters').waitFor();
  const saved = page.waitForEvent('download');
  await page.getByLabel('Expression (CEL)').fill('');
  await page.getByRole('button', { name: 'Filter' }).click();
  await page.getByRole('table', { name: 'Dead letters' }).getByText('ConversionError').first().waitFor();
  await page.getByRole('button', { name: 'Export' }).click();
  expect((await saved).suggestedFilename()).toBe('access-table-dead-letters.ndjson');
  expect([...errors, ...colleague.errors].filter((error) => !/status of 422/.test(error))).toEqual([]);
  await colleague.context.close();
  await context.close();
}, 60_000);

test('with keys alone: a letter beside a good neighbour is edited, sent again, and is in the store', async () => {
  const view = await bed.browser.open('/dead-letters/access-table');
  const { page, context, errors } = view;
  const before = await counts();
  const rows = page.getByRole('table', { name: 'Dead letters' });
  await rows.getByRole('row').nth(1).focus();
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: /^Letter 0-/ }).waitFor();
  await page.getByRole('link', { name: /^Previous/ }).waitFor();
  await page.keyboard.press('[');
  await page.getByRole('heading', { level: 1, name: 'Letter 0-0' }).waitFor();
  const good = page.getByRole('region', { name: /^A good neighbour/ });
  await good.getByText('"method"').waitFor();
  await page.getByRole('heading', { name: 'From the good value to this one' }).waitFor();
  expect(await page.getByRole('link', { name: /^access-log, partition/ }).getAttribute('href')).toMatch(
    /\/topics\/access-log\/records\?partition=\d+&offset=\d+$/,
  );
  expect(await accessibilityProblems(page)).toEqual([]);
  const agent = `edited-${Date.now()}`;
  const text = (await good.getByLabel(/^Value/).textContent()) ?? '';
  const edited = JSON.stringify({ ...(JSON.parse(text) as object), agent });
  await page.getByRole('button', { name: 'Edit and redrive …' }).focus();
  await page.keyboard.press('Enter');
  const drawer = page.getByRole('dialog', { name: 'Edit and redrive' });
  await drawer.getByRole('textbox', { name: 'Value', exact: true }).focus();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(edited);
  await drawer.getByRole('button', { name: 'Show what would be sent' }).focus();
  await page.keyboard.press('Enter');
  await drawer.getByText('1 letter would be sent').waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  expect((await counts()).redriven).toBe(before.redriven);
  await drawer.getByRole('button', { name: 'Send 1 again' }).focus();
  await page.keyboard.press('Enter');
  await drawer.getByText('1 letter sent again.').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('.badge', { hasText: 'redriven' }).first().waitFor();
  await eventually('the edited record in the table', 20_000, async () => (await rowsOf(agent)) === 1);
  expect((await counts()).redriven).toBe(before.redriven + 1);
  expect(errors).toEqual([]);
  await context.close();
}, 90_000);

test('one letter is discarded with a reason that stands with the job', async () => {
  const view = await bed.browser.open('/dead-letters/access-table');
  const { page, context, errors } = view;
  const before = await counts();
  await openFirst(view);
  await page.getByRole('button', { name: 'Discard …' }).click();
  const dialog = page.getByRole('dialog', { name: 'Discard dead letters' });
  await dialog.getByText('1 letter: letter').waitFor();
  expect(await dialog.getByRole('button', { name: 'Discard' }).isDisabled()).toBe(true);
  await dialog.getByLabel('Reason').fill('cut off by a test');
  expect(await accessibilityProblems(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Discard' }).click();
  await page.locator('.toasts').getByText('1 letter discarded.').waitFor();
  await page.getByText('Discarded by').waitFor();
  const { body } = await bed.product.rest('GET', '/api/v1/jobs?type=discard');
  const { data } = body as { data: { parameters: { reason?: string } }[] };
  expect(data.map(({ parameters }) => parameters.reason)).toContain('cut off by a test');
  expect((await counts()).discarded).toBe(before.discarded + 1);
  expect(errors).toEqual([]);
  await context.close();
}, 60_000);

test('many are sent again after a look at what would be sent', async () => {
  const view = await bed.browser.open('/dead-letters/access-table');
  const { page, context, errors } = view;
  await page.getByRole('button', { name: 'Redrive …' }).click();
  const drawer = page.getByRole('dialog', { name: 'Redrive dead letters' });
  await drawer.getByLabel('Change each value (JSON Merge Patch)').fill('{"status":');
  await drawer.getByText('This is no JSON object.').waitFor();
  await drawer.getByLabel('Change each value (JSON Merge Patch)').fill('{"status": 200}');
  await drawer.getByRole('button', { name: 'Show what would be sent' }).click();
  await drawer.getByText('No JSON object to change').waitFor();
  await drawer.getByLabel('Change each value (JSON Merge Patch)').fill('');
  await drawer.getByLabel('Target topic').fill('no-such-topic');
  await drawer.getByRole('button', { name: 'Show what would be sent' }).click();
  await drawer.getByRole('alert').getByText('There is no topic no-such-topic').waitFor();
  await drawer.getByLabel('Target topic').fill('');
  await drawer.getByLabel('Rate, records a second').fill('50');
  await drawer.getByRole('button', { name: 'Show what would be sent' }).click();
  await drawer.getByText('Into access-log').waitFor();
  await drawer.getByRole('button', { name: /^Send \d+ again$/ }).click();
  await drawer.getByText(/letters? sent again/).waitFor();
  expect(errors.filter((error) => !/status of 4\d\d/.test(error))).toEqual([]);
  await context.close();
}, 60_000);

test.each([
  ['/dead-letters', 'dead-letters', 'Dead letters'],
  ['/dead-letters/access-table?state=all', 'dead-letters-sink', 'access-table'],
  ['/dead-letters/access-table/0/0', 'dead-letters-one', 'Letter 0-0'],
])(
  '%s is well made in light, in dark and at 320 pixels',
  async (path, name, heading) => {
    const ready = async (page: View['page']): Promise<void> => {
      await page.getByRole('heading', { level: 1, name: heading }).waitFor();
      await page.getByText('access-table').first().waitFor();
      if (name === 'dead-letters-one') await page.getByRole('heading', { name: 'From the good value' }).waitFor();
      if (name === 'dead-letters-sink') await page.getByRole('table', { name: 'Dead letters' }).waitFor();
    };
    expect(await takePictures(bed.browser, path, name, ready)).toEqual([]);
  },
  60_000,
);
