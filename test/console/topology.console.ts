import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { eventually } from '../flows/product.js';
import { accessibilityProblems, takePictures } from './browser.js';
import { startConsole, type ConsoleProduct } from './console-product.js';

let bed: ConsoleProduct;
beforeAll(async () => {
  bed = await startConsole({ topicsPort: 24_814, httpPort: 24_815 });
}, 120_000);
afterAll(() => bed.stop());

/** What an edge says: "access-log to lake". */
function edgeOf(page: Page, name: string): Locator {
  return page.locator(`.topology-edge-label[data-edge="${name}"]`);
}

async function lookOf(page: Page, name: string): Promise<string | null> {
  return edgeOf(page, name).getAttribute('data-look');
}

function lagIn(text: string): number {
  return Number(/lag ([\d,]+)/.exec(text)?.[1]?.replaceAll(',', '') ?? Number.NaN);
}

async function lagOf(page: Page, name: string): Promise<number> {
  return lagIn(await edgeOf(page, name).innerText());
}

async function flowing(page: Page): Promise<void> {
  await page.locator('.topology-edge-label[data-edge="access-log to access-table"][data-look="flowing"]').waitFor();
}

test('within seconds the whole demo is in the picture, and its edges move', async () => {
  const { page, context, errors } = await bed.browser.open('/');
  await flowing(page);
  for (const name of ['web', 'disk', 'access-log', 'access-table', 'lake']) {
    await page
      .getByRole('button', { name: new RegExp(`(source|channel|topic|sink) ${name}`) })
      .first()
      .waitFor();
  }
  for (const title of ['Sources', 'Interceptors', 'Channels', 'Topics', 'Sinks']) {
    expect(await page.locator('.topology-title').allInnerTexts()).toContainEqual(expect.stringContaining(title));
  }
  // Numbers change by themselves.
  const label = edgeOf(page, 'access-log to access-table');
  const first = await label.innerText();
  await eventually('another number at the edge', 20_000, async () => (await label.innerText()) !== first);
  expect(await page.locator('.topology-edge-drops').count()).toBeGreaterThan(3);
  expect(errors).toEqual([]);
  await context.close();
});

test('drops move along the edges where motion is allowed, and stand still where it is not or numbers are held', async () => {
  const { page, context, errors } = await bed.browser.open('/');
  await flowing(page);
  const style = "getComputedStyle(document.querySelector('.topology-edge-drops'))";
  const motion = () =>
    page.evaluate<string>(`(({ display, animationName, animationPlayState }) =>
      [display, animationName, animationPlayState].join(' '))(${style})`);
  expect(await motion()).toMatch(/^none/);
  await page.emulateMedia({ reducedMotion: 'no-preference' });
  expect(await motion()).toBe('inline topology-drops running');
  await page.getByRole('button', { name: /^Hold/ }).click();
  expect(await motion()).toBe('inline topology-drops paused');
  expect(errors).toEqual([]);
  await context.close();
});

test('a stopped sink turns its own edges grey and makes its own lag rise; resumed, it drains', async () => {
  const { page, context, errors } = await bed.browser.open('/');
  await flowing(page);
  await page.getByRole('button', { name: 'sink access-table', exact: false }).first().click();
  const panel = page.getByRole('dialog', { name: 'access-table (sink)' });
  await panel.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('dialog', { name: 'Stop access-table?' }).getByRole('button', { name: 'Stop' }).click();
  await panel.getByRole('button', { name: 'Resume' }).waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.keyboard.press('Escape');

  await page.locator('.topology-edge-label[data-edge="access-log to access-table"][data-look="stopped"]').waitFor();
  await eventually('its lag rises', 30_000, async () => (await lagOf(page, 'access-log to access-table')) > 400);
  const looks = await page
    .locator('.topology-edge-label')
    .evaluateAll((labels) =>
      labels
        .filter((label) =>
          ['stopped', 'failed', 'pressure', 'dropping'].includes(label.getAttribute('data-look') ?? ''),
        )
        .map((label) => label.getAttribute('data-edge') ?? ''),
    );
  expect(looks.filter((name) => !name.includes('access-table'))).toEqual([]);
  expect(await lookOf(page, 'access-log to lake')).toBe('flowing');
  await page.getByText('1 of 3 not running').waitFor();

  const most = await lagOf(page, 'access-log to access-table');
  await page.getByRole('button', { name: 'sink access-table', exact: false }).first().click();
  await panel.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('dialog', { name: 'Resume access-table?' }).getByRole('button', { name: 'Resume' }).click();
  await panel.getByRole('button', { name: 'Stop' }).waitFor();
  await page.keyboard.press('Escape');
  await flowing(page);
  await eventually('it drains', 30_000, async () => (await lagOf(page, 'access-log to access-table')) < most / 2);
  expect(errors).toEqual([]);
  await context.close();
}, 90_000);

test('the table has the same numbers as the picture', async () => {
  const { page, context, errors } = await bed.browser.open('/');
  await flowing(page);
  await page.keyboard.press('Space');
  await page.getByRole('button', { name: /^Go on/ }).waitFor();
  const shown = await page.locator('.topology-edge-label').evaluateAll((labels) =>
    labels.map((label) => ({
      name: label.getAttribute('data-edge') ?? '',
      lag: /lag ([\d,]+)/.exec(label.textContent ?? '')?.[1] ?? null,
      rate: /: (.*?\/s|–)/.exec(label.textContent ?? '')?.[1] ?? '',
    })),
  );
  await page.getByRole('button', { name: 'Show as a table' }).click();
  for (const { name, lag, rate } of shown.filter((edge) => edge.lag !== null)) {
    const row = page.getByRole('table', { name: 'Flows' }).getByRole('row').filter({ hasText: name });
    const text = await row.first().innerText();
    expect(text).toContain(rate);
    expect(text).toContain(lag);
  }
  expect(shown.filter((edge) => edge.lag !== null).length).toBeGreaterThanOrEqual(2);
  expect(await accessibilityProblems(page)).toEqual([]);
  // The choice is remembered.
  await page.goto('/console/');
  await page.getByRole('button', { name: 'Show as a picture' }).waitFor();
  await page.getByRole('searchbox', { name: 'Filter by name' }).fill('lake');
  const parts = page.getByRole('table', { name: 'Parts' });
  await parts.getByRole('button', { name: 'lake', exact: true }).first().waitFor();
  await parts.getByText('weblog').first().waitFor({ state: 'detached' });
  expect(errors).toEqual([]);
  await context.close();
});

test('with keys alone: to a card, its panel, its last records, and back to the card', async () => {
  const { page, context, errors } = await bed.browser.open('/');
  await flowing(page);
  const focused = () => page.evaluate<string>("document.activeElement.getAttribute('data-key') ?? ''");
  await page.keyboard.press('/');
  await page.keyboard.type('access-log');
  await page.keyboard.press('Tab');
  for (let presses = 0; presses < 30 && (await focused()) !== 'node:topic/access-log'; presses += 1) {
    await page.keyboard.press('Tab');
  }
  expect(await focused()).toBe('node:topic/access-log');
  await page.keyboard.press('Enter');
  const panel = page.getByRole('dialog', { name: 'access-log (topic)' });
  await panel.waitFor();
  await panel.getByRole('link', { name: 'Records' }).waitFor();
  await panel.getByRole('button', { name: 'Show some' }).waitFor();
  for (let presses = 0; presses < 20; presses += 1) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate<string>('document.activeElement.textContent')) === 'Show some') break;
  }
  await page.keyboard.press('Enter');
  await panel.getByText('"path"').first().waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await panel.waitFor({ state: 'detached' });
  expect(await focused()).toBe('node:topic/access-log');
  expect(errors).toEqual([]);
  await context.close();
});

test('a tap shows events that pass a source, and the panel of an edge its lag over time', async () => {
  const { page, context, errors } = await bed.browser.open('/');
  await flowing(page);
  await page.getByRole('button', { name: /^source web/ }).click();
  const panel = page.getByRole('dialog', { name: 'web (source)' });
  await panel.getByRole('button', { name: 'Show some' }).click();
  await panel.getByText('"remote"').first().waitFor();
  await page.keyboard.press('Escape');
  await panel.waitFor({ state: 'detached' });
  await edgeOf(page, 'access-log to access-table').click();
  const edge = page.getByRole('dialog', { name: 'access-log → access-table' });
  await edge.getByRole('figure', { name: /Lag in records/ }).waitFor();
  // A link shows a colleague the same.
  await page.reload();
  await edge.waitFor();
  expect(errors).toEqual([]);
  await context.close();
});

test('pictures in light, dark and 320 pixels, without what axe finds', async () => {
  expect(await takePictures(bed.browser, '/', 'topology', flowing)).toEqual([]);
  const inTable = (page: Page) => page.getByRole('table', { name: 'Flows' }).getByText('flowing').first().waitFor();
  expect(await takePictures(bed.browser, '/?view=table', 'topology-table', inTable)).toEqual([]);
}, 90_000);
