import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { eventually } from '../flows/product.js';
import { accessibilityProblems, takePictures } from './browser.js';
import { startConsole, type ConsoleProduct } from './console-product.js';

let bed: ConsoleProduct;
beforeAll(async () => {
  bed = await startConsole({ topicsPort: 24_888, httpPort: 24_889 });
  await eventually('some records', 60_000, async () => (await bed.product.endOf('access-log')) > 100);
}, 180_000);
afterAll(() => bed.stop());

test('an export is begun by its form, ends, and its file is downloaded', async () => {
  const { page, context, errors } = await bed.browser.open('/jobs/new?type=export');
  await page.getByLabel('topic (required)').fill('access-log');
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.getByRole('button', { name: 'Begin …' }).click();
  await page.getByRole('dialog', { name: 'Begin export?' }).getByRole('button', { name: 'Begin', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'export access-log' }).waitFor();
  await page.getByText('succeeded').waitFor({ timeout: 30_000 });
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Download the file' }).click(),
  ]);
  const lines = readFileSync(await download.path(), 'utf8')
    .trim()
    .split('\n');
  expect(lines.length).toBeGreaterThan(100);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ topic: 'access-log', offset: 0 });
  expect(errors).toEqual([]);
  await context.close();
}, 120_000);

test('what is wrong shows at its field', async () => {
  const { page, context } = await bed.browser.open('/jobs/new?type=export');
  await page.getByLabel('topic (required)').fill('nowhere');
  await page.getByLabel('file', { exact: true }).fill('../out');
  await page.getByRole('button', { name: 'Begin …' }).click();
  await page.getByRole('dialog', { name: 'Begin export?' }).getByRole('button', { name: 'Begin', exact: true }).click();
  await page.getByRole('alert').filter({ hasText: 'relative name' }).first().waitFor();
  await context.close();
}, 60_000);

test('with keys alone a slow job is cancelled and goes on', async () => {
  const parameters = { topic: 'access-log', rate: 5 };
  const begun = await bed.product.rest('POST', '/api/v1/jobs', { type: 'export', parameters });
  expect(begun.status).toBe(202);
  const { id } = begun.body as { id: string };
  const { page, context, errors } = await bed.browser.open(`/jobs/${id}`);
  await page.locator('.badge', { hasText: 'running' }).waitFor();
  await page.getByRole('button', { name: 'Actions of export access-log' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'Cancel …' }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Cancel the job' }).focus();
  await page.keyboard.press('Enter');
  await page.locator('.badge', { hasText: 'cancelled' }).waitFor();
  await page.getByRole('button', { name: 'Actions of export access-log' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'Go on …' }).waitFor();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Go on', exact: true }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('The job goes on.').waitFor();
  await page.locator('.badge', { hasText: 'running' }).waitFor();
  await bed.product.rest('POST', `/api/v1/jobs/${id}:cancel`);
  expect(errors).toEqual([]);
  await context.close();
}, 120_000);

test('every view is accessible, in light, dark and 320 pixels', async () => {
  const { body } = await bed.product.rest('GET', '/api/v1/jobs?state=succeeded');
  const [job] = (body as { data: { id: string }[] }).data;
  const problems: string[] = [];
  for (const [path, name, text] of [
    ['/jobs', 'jobs', 'succeeded'],
    ['/jobs/new?type=replay', 'jobs-new', 'Begin …'],
    [`/jobs/${job?.id}`, 'job', 'Download the file'],
  ] as const) {
    problems.push(...(await takePictures(bed.browser, path, name, (page) => page.getByText(text).first().waitFor())));
  }
  expect(problems).toEqual([]);
}, 120_000);
