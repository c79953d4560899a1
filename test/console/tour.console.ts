import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { accessibilityProblems } from './browser.js';
import { startConsole, type ConsoleProduct } from './console-product.js';

const run = promisify(execFile);

let bed: ConsoleProduct;
beforeAll(async () => {
  bed = await startConsole({ topicsPort: 24_816, httpPort: 24_817 });
}, 120_000);
afterAll(() => bed.stop());

function tourOf(page: Page): Locator {
  return page.getByRole('region', { name: /Three things to try|That was the tour/ });
}

test('the three steps tick themselves, whoever does them, and stay ticked', async () => {
  const { page, context, errors } = await bed.browser.open('/');
  const tour = tourOf(page);
  await tour.getByText('0 of 3 done').waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);

  await tour.getByRole('button', { name: 'Stop access-table' }).click();
  await tour.getByText(/Still for \d+ s/).waitFor();
  // A reload forgets nothing.
  await page.reload();
  await tour.getByText(/Still for \d+ s/).waitFor();
  await tour.getByRole('button', { name: 'Resume access-table' }).click({ timeout: 40_000 });
  await tour.getByText(/Its lag rose to [\d,]+ records and drained/).waitFor({ timeout: 40_000 });
  await tour.getByText('1 of 3 done').waitFor();

  await tour.getByRole('button', { name: 'Copy' }).click();
  const line = await page.evaluate<string>('navigator.clipboard.readText()');
  expect(line).toContain(bed.product.bootstrap);
  const [command = '', ...words] = line.split(' ');
  const { stdout } = await run(command, words, { timeout: 60_000 });
  expect(stdout.trim().split('\n')).toHaveLength(5);
  await tour.getByText('2 of 3 done').waitFor({ timeout: 40_000 });

  const { body } = await bed.product.rest('GET', '/api/v1/sinks/access-table/dlq/records');
  expect(body).toMatchObject({
    data: expect.arrayContaining([expect.objectContaining({ topic: 'access-log.dead-letters' })]),
  });
  const sent = await bed.product.rest('POST', '/api/v1/sinks/access-table/dlq:redrive', {});
  expect(sent.status).toBe(202);
  await tour.getByText('3 of 3 done').waitFor({ timeout: 40_000 });

  await page.reload();
  await tour.getByText('3 of 3 done').waitFor();
  await tour.getByRole('button', { name: 'Hide' }).click();
  await tour.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Show the tour' }).click();
  await tour.getByText('3 of 3 done').waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  expect(errors).toEqual([]);
  await context.close();
}, 200_000);
