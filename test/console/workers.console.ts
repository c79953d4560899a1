import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { accessibilityProblems, takePictures } from './browser.js';
import { startConsole, type ConsoleProduct } from './console-product.js';

let bed: ConsoleProduct;
beforeAll(async () => {
  bed = await startConsole({ topicsPort: 24_822, httpPort: 24_823 });
}, 120_000);
afterAll(() => bed.stop());

const testMs = 60_000;

test(
  'a worker shows its tasks, gives them away and takes them again',
  async () => {
    const { page, context, errors } = await bed.browser.open('/workers');
    await page.getByText('everything answers').waitFor();
    await page.getByRole('button', { name: 'sink worker local' }).click();
    await page.waitForURL(/worker=sink/);
    const drawer = page.getByRole('dialog', { name: 'sink worker local', exact: true });
    await drawer.getByRole('link', { name: 'access-table' }).waitFor();
    await drawer.getByRole('link', { name: 'lake' }).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await drawer.getByRole('button', { name: 'Drain …' }).click();
    const confirm = page.getByRole('dialog', { name: 'Drain sink worker local' });
    await confirm.getByText('Where there is no other worker').waitFor();
    await confirm.getByRole('button', { name: 'Drain', exact: true }).click();
    await drawer.getByText('drained').waitFor();
    await drawer.getByText('It has none now.').waitFor();
    await drawer.getByRole('button', { name: 'Resume' }).click();
    const resume = page.getByRole('dialog', { name: 'Resume sink worker local' });
    await resume.getByRole('button', { name: 'Resume' }).click();
    await drawer.getByRole('link', { name: 'access-table' }).waitFor();
    expect(errors).toEqual([]);
    await context.close();
  },
  testMs,
);

test(
  'with keys alone: a worker is opened and closed; the focus comes back',
  async () => {
    const { page, context, errors } = await bed.browser.open('/workers');
    await page.getByRole('button', { name: 'collector worker local' }).waitFor();
    for (let step = 0; step < 60; step += 1) {
      if ((await page.locator('[data-index="0"]:focus').count()) > 0) break;
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('j');
    await page.locator('[data-index="1"]:focus').waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'sink worker local' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.locator('[data-index="1"]:focus').waitFor();
    expect(errors).toEqual([]);
    await context.close();
  },
  testMs,
);

test(
  'looks in light, dark and 320 pixels',
  async () => {
    const problems = await takePictures(bed.browser, '/workers', 'workers', async (page) => {
      await page.getByText('everything answers').waitFor();
      await page.getByRole('button', { name: 'sink worker local' }).waitFor();
    });
    expect(problems).toEqual([]);
  },
  2 * testMs,
);
