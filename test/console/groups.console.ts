import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../flows/product.js';
import { accessibilityProblems, takePictures } from './browser.js';
import { startConsole, type ConsoleProduct } from './console-product.js';

let bed: ConsoleProduct;
beforeAll(async () => {
  bed = await startConsole({ topicsPort: 24_886, httpPort: 24_887 });
  await eventually('some records', 60_000, async () => (await bed.product.endOf('access-log')) > 100);
  const body = { topic: 'access-log', to: 'latest' };
  expect((await bed.product.rest('POST', '/api/v1/groups/batch/offsets:reset', body)).status).toBe(200);
  await eventually('the sink has committed', 60_000, async () => {
    const offsets = await bed.product.admin.groupOffsets('connect-access-table');
    return offsets.some(({ offset }) => offset > 0);
  });
}, 180_000);
afterAll(() => bed.stop());

async function committed(group: string): Promise<number> {
  const offsets = await bed.product.admin.groupOffsets(group);
  return offsets.reduce((sum, { offset }) => sum + offset, 0);
}

test('a group is moved after a look at the plan, and back', async () => {
  const { page, context, errors } = await bed.browser.open('/groups/batch/offsets');
  const before = await committed('batch');
  expect(before).toBeGreaterThan(0);
  await page.getByLabel('Goes on at').selectOption('earliest');
  await page.getByRole('button', { name: 'Preview' }).click();
  const plan = page.getByRole('dialog', { name: 'Move batch?' });
  await plan.getByText('will be read again').waitFor();
  expect(await committed('batch')).toBe(before);
  expect(await accessibilityProblems(page)).toEqual([]);
  await plan.getByRole('button', { name: 'Move', exact: true }).click();
  await page.getByText('batch is moved.').waitFor();
  expect(await committed('batch')).toBe(0);
  await page.reload();
  await page.getByRole('heading', { name: 'Moved from this browser' }).waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('batch is where it was.').waitFor();
  expect(await committed('batch')).toBe(before);
  expect(errors).toEqual([]);
  await context.close();
}, 120_000);

test('the group of a sink is moved by one action: the sink stops, and goes on from there', async () => {
  const { page, context, errors } = await bed.browser.open('/groups/connect-access-table/offsets');
  await page.getByRole('link', { name: 'Sink access-table' }).waitFor();
  await page.getByLabel('Goes on at').selectOption('latest');
  await page.getByRole('button', { name: 'Preview' }).click();
  await page.getByRole('button', { name: 'Stop, move, go on' }).click();
  await page.getByText('connect-access-table is moved.').waitFor({ timeout: 40_000 });
  await eventually('the sink runs again', 30_000, async () => {
    const { body } = await bed.product.rest('GET', '/api/v1/sinks/access-table/status');
    return (body as { state: string }).state === 'RUNNING';
  });
  // It is refused until the last task has left the group, and asked again.
  expect(errors.filter((error) => !error.includes('409'))).toEqual([]);
  await context.close();
}, 120_000);

test('with keys alone: the list, a group, its offsets', async () => {
  const { page, context, errors } = await bed.browser.open('/');
  await page.keyboard.press('g');
  await page.keyboard.press('g');
  await page.getByRole('heading', { level: 1, name: 'Groups' }).waitFor();
  await page.getByRole('link', { name: 'batch', exact: true }).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('batch');
  await page.getByRole('link', { name: 'batch', exact: true }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'batch' }).waitFor();
  await page.getByText('Lag in records').first().waitFor();
  await page.getByRole('link', { name: 'Members' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('Nobody is in it now').waitFor();
  expect(errors).toEqual([]);
  await context.close();
}, 60_000);

test('a group without members is deleted by its name', async () => {
  const { page, context, errors } = await bed.browser.open('/groups/batch');
  await page.getByRole('button', { name: 'Actions of batch' }).click();
  await page.getByRole('menuitem', { name: 'Delete …' }).click();
  await page.getByLabel('Type batch to go on').fill('batch');
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByText('batch is deleted.').waitFor();
  expect(errors).toEqual([]);
  await context.close();
}, 60_000);

test('every view is accessible, in light, dark and 320 pixels', async () => {
  const problems: string[] = [];
  for (const [path, name, text] of [
    ['/groups', 'groups', 'connect-lake'],
    ['/groups/connect-lake', 'group', 'Records read a second'],
    ['/groups/connect-lake/members', 'group-members', 'Assignor'],
    ['/groups/connect-lake/offsets', 'group-offsets', 'Goes on at'],
  ] as const) {
    problems.push(...(await takePictures(bed.browser, path, name, (page) => page.getByText(text).first().waitFor())));
  }
  expect(problems).toEqual([]);
}, 120_000);
