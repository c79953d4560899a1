import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { accessibilityProblems } from './browser.js';
import { startConsole, type ConsoleProduct } from './console-product.js';

let bed: ConsoleProduct;
beforeAll(async () => {
  bed = await startConsole({ topicsPort: 24_892, httpPort: 24_893 });
}, 120_000);
afterAll(() => bed.stop());

test('a browser that asks for the root is sent to the console, a program gets the version', async () => {
  const page = await fetch(`${bed.product.url}/`, { headers: { accept: 'text/html' }, redirect: 'manual' });
  expect([page.status, page.headers.get('location')]).toEqual([302, '/console/']);
  expect(await (await fetch(`${bed.product.url}/`)).json()).toMatchObject({ version: expect.any(String) });
});

test('the first load is at most 250 KB of scripts, compressed', async () => {
  const { page, context, errors } = await bed.browser.open('/');
  const bytes = await page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .filter(({ name }) => name.endsWith('.js'))
      .reduce((sum, entry) => sum + Number(Reflect.get(entry, 'encodedBodySize')), 0),
  );
  console.log(`first load: ${Math.round(bytes / 1024)} KiB of scripts`);
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThanOrEqual(250_000);
  expect(errors).toEqual([]);
  await context.close();
});

test('with keys alone: help, palette and pages', async () => {
  const { page, context, errors } = await bed.browser.open('/');
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await page.keyboard.press('g');
  await page.keyboard.press('t');
  await page.getByRole('heading', { level: 1, name: 'Topics' }).waitFor();
  await page.keyboard.press('Control+k');
  await page.getByRole('dialog', { name: 'Go to' }).waitFor();
  await page.keyboard.type('access-ta');
  await page.getByRole('menuitem', { name: 'access-table sink' }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/console/sinks/access-table');
  expect(errors).toEqual([]);
  await context.close();
});

test('a path that is no page says so, and an old script is a 404', async () => {
  const { page, context } = await bed.browser.open('/no/such/page');
  await page.getByText('There is no such page').waitFor();
  expect((await fetch(`${bed.product.url}/console/assets/old-abc.js`)).status).toBe(404);
  await context.close();
});
