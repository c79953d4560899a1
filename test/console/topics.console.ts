import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { accessibilityProblems, takePictures } from './browser.js';
import { startConsole, type ConsoleProduct } from './console-product.js';

let bed: ConsoleProduct;
beforeAll(async () => {
  bed = await startConsole({ topicsPort: 24_820, httpPort: 24_821 });
}, 120_000);
afterAll(() => bed.stop());

const testMs = 60_000;

function rowOf(page: Page, name: string) {
  return page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
}

test(
  'a topic is created, found, set otherwise by a difference, widened, purged by a plan and deleted by its name',
  async () => {
    const { page, context, errors } = await bed.browser.open('/topics');
    await page.getByRole('button', { name: 'Create topic' }).click();
    const create = page.getByRole('dialog', { name: 'Create topic' });
    await create.getByText('Default: 604800000 (7 d)').waitFor();
    await create.getByLabel('Name').fill('orders');
    await create.getByLabel('Kept for (retention.ms), ms').fill('soon');
    await create.getByText('retention.ms').and(create.getByRole('alert')).waitFor();
    await create.getByLabel('Kept for (retention.ms), ms').fill('3600000');
    await create.getByLabel('Partitions').fill('2');
    expect(await accessibilityProblems(page)).toEqual([]);
    await create.getByRole('button', { name: 'Create topic' }).click();
    await page.getByRole('heading', { level: 1, name: 'orders' }).waitFor();
    await page.getByText('Records older than 1 h are removed').waitFor();

    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByLabel('Filter settings').fill('retention.');
    await page.getByRole('button', { name: 'retention.ms', exact: true }).click();
    const drawer = page.getByRole('dialog', { name: 'retention.ms', exact: true });
    await drawer.getByLabel('Value').fill('-7');
    await drawer.getByRole('alert').waitFor();
    expect(await drawer.getByRole('button', { name: 'Add to changes' }).isDisabled()).toBe(true);
    await drawer.getByLabel('Value').fill('1800000');
    await drawer.getByText('30 min').waitFor();
    await drawer.getByRole('button', { name: 'Add to changes' }).click();
    await page.getByRole('button', { name: 'Review and apply' }).click();
    const review = page.getByRole('dialog', { name: 'Settings of orders' });
    await review.getByText('the brokers would take it').waitFor();
    await review.getByText('Less is kept').waitFor();
    expect(await review.locator('.cm-deletedChunk').innerText()).toContain('retention.ms=3600000');
    expect(await review.locator('.cm-changedLine').innerText()).toContain('retention.ms=1800000');
    expect(await accessibilityProblems(page)).toEqual([]);
    await review.getByRole('button', { name: 'Apply' }).click();
    await review.waitFor({ state: 'detached' });
    expect(await settingOf('orders', 'retention.ms')).toMatchObject({ value: '1800000', source: 'topic' });

    await page.getByRole('link', { name: /^Partitions/ }).click();
    await page.getByRole('button', { name: 'Add partitions' }).click();
    const widen = page.getByRole('dialog', { name: 'Add partitions to orders' });
    await widen.getByLabel('Partitions afterwards').fill('20000');
    await widen.getByRole('button', { name: 'Add 19,998 partitions' }).click();
    await widen.getByText('at most 10000 partitions').first().waitFor();
    await widen.getByLabel('Partitions afterwards').fill('3');
    await widen.getByRole('button', { name: 'Add 1 partition' }).click();
    await page.getByRole('link', { name: 'Partitions (3)' }).waitFor();

    const records = Array.from({ length: 30 }, (_, id) => ({ value: { id }, partition: id % 3 }));
    expect((await bed.product.rest('POST', '/api/v1/topics/orders/records', records)).status).toBe(201);
    await page.getByRole('button', { name: 'Actions of orders' }).click();
    await page.getByRole('menuitem', { name: 'Purge records …' }).click();
    const purge = page.getByRole('dialog', { name: 'Purge orders' });
    await purge.getByRole('button', { name: 'Show what would go' }).click();
    await purge.getByText('30 records in 3 partitions go for good').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    const confirm = purge.getByRole('button', { name: 'Delete 30 records' });
    expect(await confirm.isDisabled()).toBe(true);
    await purge.getByLabel('Type orders to go on').fill('orders');
    await confirm.click();
    await page.getByText('30 records of orders are deleted.').waitFor();

    await page.getByRole('button', { name: 'Actions of orders' }).click();
    await page.getByRole('menuitem', { name: 'Delete …' }).click();
    const deletion = page.getByRole('dialog', { name: 'Delete orders' });
    await deletion.getByText('0 records').waitFor();
    await deletion.getByLabel('Type orders to go on').fill('orders');
    await deletion.getByRole('button', { name: 'Delete topic' }).click();
    await page.getByRole('heading', { level: 1, name: 'Topics' }).waitFor();
    await rowOf(page, 'orders').waitFor({ state: 'detached' });
    expect(errors.filter((error) => !/status of (404|409|422)/.test(error))).toEqual([]);
    await context.close();
  },
  testMs,
);

async function settingOf(topic: string, name: string): Promise<unknown> {
  const { body } = await bed.product.rest('GET', `/api/v1/topics/${topic}/configs`);
  const { configs } = body as { configs: { name: string }[] };
  return configs.find((config) => config.name === name);
}

test(
  'rates, sizes and lag are live; filter and order stand in the link',
  async () => {
    const { page, context, errors } = await bed.browser.open('/topics?filter=dead');
    await rowOf(page, 'access-log.dead-letters').waitFor();
    expect(await rowOf(page, 'access-log').count()).toBe(0);
    await page.getByText(/^1 of \d+ topics$/).waitFor();
    await page.getByLabel('Filter by name').fill('access');
    await page.getByRole('button', { name: 'Records/s' }).click();
    await page.getByRole('button', { name: 'Records/s' }).click();
    await page.waitForURL(/filter=access&sort=-in/);
    const cells = rowOf(page, 'access-log').getByRole('cell');
    await cells.nth(1).getByText(/^\d+/).waitFor();
    await cells
      .nth(4)
      .getByText(/KiB|MiB/)
      .waitFor();
    await cells.nth(6).getByRole('link', { name: '2 groups of access-log' }).waitFor();
    const link = page.url().replace(/^.*\/console/, '');
    await context.close();

    const colleague = await bed.browser.open(link);
    await colleague.page
      .getByRole('columnheader', { name: 'Records/s' })
      .and(colleague.page.locator('[aria-sort="descending"]'))
      .waitFor();
    expect(await colleague.page.getByLabel('Filter by name').inputValue()).toBe('access');
    await colleague.page.getByLabel('Filter by name').fill('no such');
    await colleague.page.getByText('No topic is called so').waitFor();
    expect([...errors, ...colleague.errors]).toEqual([]);
    await colleague.context.close();
  },
  testMs,
);

test(
  'groups of a topic say how far they are behind, and a topic that is not there says so',
  async () => {
    const { page, context, errors } = await bed.browser.open('/topics/access-log/groups');
    await page.getByRole('link', { name: 'connect-access-table' }).waitFor();
    await page
      .getByRole('row')
      .filter({ hasText: 'connect-lake' })
      .getByRole('link', { name: 'lake', exact: true })
      .waitFor();
    expect(errors).toEqual([]);
    await context.close();
    const missing = await bed.browser.open('/topics/nowhere');
    await missing.page.getByText('There is no topic nowhere').waitFor();
    await missing.page.getByText('npx millrace topic create nowhere').waitFor();
    await missing.context.close();
  },
  testMs,
);

test(
  'with keys alone: a topic is opened from the list and another is created',
  async () => {
    const { page, context, errors } = await bed.browser.open('/topics');
    await rowOf(page, 'access-log').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('access');
    await untilFocused(page, '[role="row"][data-index="0"]', 'Tab');
    await page.keyboard.press('j');
    await page.locator('[data-index="1"]:focus').waitFor();
    await page.keyboard.press('k');
    await page.locator('[data-index="0"]:focus').waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'access-log', exact: true }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('t');
    await page.getByRole('button', { name: 'Create topic' }).waitFor();
    await untilFocused(page, 'button[data-tone="primary"]', 'Tab');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Create topic' });
    await dialog.waitFor();
    await untilFocused(page, '[role="dialog"] input', 'Tab');
    await page.keyboard.type('by-keys');
    await dialog.getByText('Default: 604800000 (7 d)').waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'by-keys' }).waitFor();
    expect(errors).toEqual([]);
    await context.close();
  },
  testMs,
);

const stepsMax = 60;

/** Presses a key until an element has the focus. */
async function untilFocused(page: Page, selector: string, key: string): Promise<void> {
  for (let step = 0; step < stepsMax; step += 1) {
    if ((await page.locator(`${selector}:focus`).count()) > 0) return;
    await page.keyboard.press(key);
  }
  throw new Error(`${selector} never got the focus`);
}

test(
  'looks in light, dark and 320 pixels',
  async () => {
    const list = (page: Page): Promise<void> => rowOf(page, 'access-log').waitFor();
    expect(await takePictures(bed.browser, '/topics', 'topics', list)).toEqual([]);
    const overview = (page: Page): Promise<void> => page.getByText('The oldest record is of').waitFor();
    expect(await takePictures(bed.browser, '/topics/access-log', 'topic', overview)).toEqual([]);
    const settings = (page: Page): Promise<void> =>
      page.getByRole('row').filter({ hasText: 'cleanup.policy' }).waitFor();
    expect(await takePictures(bed.browser, '/topics/access-log/configs', 'topic-settings', settings)).toEqual([]);
    const partitions = (page: Page): Promise<void> => page.getByText('in sync').first().waitFor();
    expect(await takePictures(bed.browser, '/topics/access-log/partitions', 'topic-partitions', partitions)).toEqual(
      [],
    );
    const groups = (page: Page): Promise<void> => page.getByRole('link', { name: 'connect-lake' }).waitFor();
    expect(await takePictures(bed.browser, '/topics/access-log/groups', 'topic-groups', groups)).toEqual([]);
  },
  4 * testMs,
);
