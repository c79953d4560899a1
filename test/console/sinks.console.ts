import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { accessibilityProblems, takePictures } from './browser.js';
import { startConsole, type ConsoleProduct } from './console-product.js';

let bed: ConsoleProduct;
beforeAll(async () => {
  bed = await startConsole({ topicsPort: 24_864, httpPort: 24_865 });
}, 120_000);
afterAll(() => bed.stop());

const testMs = 90_000;

test(
  'a second sink: options with their faults at their fields, made, seen to write, changed, rolled back, paused, deleted',
  async () => {
    const { page, context, errors } = await bed.browser.open('/sinks');
    await page.getByRole('link', { name: 'New sink' }).click();
    await page.getByLabel('Find a destination').fill('rolling files to a local');
    await page.getByRole('button', { name: /^file/ }).click();
    await page.getByRole('heading', { level: 1, name: 'New sink: file' }).waitFor();
    await page.getByLabel('Name (required)').fill('second');
    await page.getByLabel('Topics (required)').fill('access-log');
    const path = page.getByLabel('file.path', { exact: true });
    await path.fill('no-folder');
    await page.getByRole('button', { name: 'Check' }).click();
    await page.getByRole('alert').first().waitFor();
    expect(await path.getAttribute('aria-invalid')).toBe('true');
    expect(await accessibilityProblems(page)).toEqual([]);
    await path.fill('${env:MILLRACE_DATA}/second/%{topic}');
    await page.getByRole('button', { name: 'Check' }).click();
    await page.getByText('all options are good').waitFor();
    await page.getByRole('button', { name: 'Preview ten records' }).click();
    await page.getByText('10 records:').waitFor();
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'second' }).waitFor();
    await page.getByRole('region', { name: 'Task 0' }).getByText('running').waitFor();

    await page.getByRole('link', { name: 'Preview', exact: true }).click();
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByText('10 records:').waitFor();

    await page.getByRole('link', { name: 'Configuration' }).click();
    await page.getByLabel('Tasks', { exact: true }).fill('2');
    await page.getByRole('button', { name: 'Review the change' }).click();
    const review = page.getByRole('dialog', { name: 'Change second?' });
    await review.getByText('Restarts 1 task').waitFor();
    await review.getByRole('button', { name: 'Apply' }).click();
    await page.getByText('second has revision 2.').waitFor();

    await page.getByRole('link', { name: 'History' }).click();
    await page.getByRole('button', { name: 'Back to 1 …' }).click();
    await page.getByRole('dialog', { name: 'Back to revision 1?' }).getByRole('button', { name: 'Roll back' }).click();
    await page.getByText('now revision 3').waitFor();

    await page.getByRole('button', { name: 'Actions of second' }).click();
    await page.getByRole('menuitem', { name: 'Pause …' }).click();
    await page.getByRole('dialog', { name: 'Pause second?' }).getByRole('button', { name: 'Pause' }).click();
    await page.getByText('paused').first().waitFor();
    await page.getByRole('button', { name: 'Actions of second' }).click();
    await page.getByRole('menuitem', { name: 'Delete …' }).click();
    const confirm = page.getByRole('dialog', { name: 'Delete second?' });
    expect(await confirm.getByRole('button', { name: 'Delete' }).isDisabled()).toBe(true);
    await confirm.getByLabel(/Type second/).fill('second');
    await confirm.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { level: 1, name: 'Sinks' }).waitFor();
    await page.getByRole('link', { name: 'second' }).waitFor({ state: 'detached' });
    // The refusal of the wrong path is what was asked for.
    expect(errors.filter((error) => !error.includes('422'))).toEqual([]);
    await context.close();
  },
  testMs,
);

test(
  'the database of the demo: its connection is tested, its options and guarantee are told',
  async () => {
    const { page, context, errors } = await bed.browser.open('/sinks/access-table/configuration');
    await page.getByRole('button', { name: 'Test the connection' }).click();
    await page.getByText('Store: good').waitFor();
    expect(await page.locator('main').innerText()).not.toContain('password=');
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.getByRole('link', { name: 'Offsets' }).click();
    await page.getByRole('table', { name: 'Partitions of access-table' }).waitFor();
    await page.getByRole('link', { name: 'Move its position …' }).waitFor();
    expect(errors).toEqual([]);
    await context.close();
  },
  testMs,
);

test(
  'with keys alone: a sink is opened from the list and its tabs are walked',
  async () => {
    const { page, context, errors } = await bed.browser.open('/sinks?filter=lake');
    await page.getByRole('link', { name: 'lake' }).waitFor();
    for (let step = 0; step < 60; step += 1) {
      if ((await page.locator('[data-index="0"]:focus').count()) > 0) break;
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'lake' }).waitFor();
    await page.getByRole('link', { name: 'Offsets' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/lake\/offsets/);
    expect(errors).toEqual([]);
    await context.close();
  },
  testMs,
);

test(
  'looks in light, dark and 320 pixels',
  async () => {
    const { browser } = bed;
    const problems = [
      ...(await takePictures(browser, '/sinks', 'sinks', (page) => page.getByRole('link', { name: 'lake' }).waitFor())),
      ...(await takePictures(browser, '/sinks/lake', 'sink', (page) =>
        page.getByRole('region', { name: 'Task 0' }).waitFor(),
      )),
      ...(await takePictures(browser, '/sinks/new?type=postgres', 'sink-new', (page) =>
        page.getByText('more options').waitFor(),
      )),
    ];
    expect(problems).toEqual([]);
  },
  testMs,
);
