import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { accessibilityProblems, takePictures } from './browser.js';
import { startConsole, type ConsoleProduct } from './console-product.js';

const lines = `lines.sources = in
lines.channels = good bad
lines.sinks = g b
lines.sources.in.type = netcat
lines.sources.in.bind = 127.0.0.1
lines.sources.in.port = 24858
lines.sources.in.channels = good bad
lines.sources.in.interceptors = noise status
lines.sources.in.interceptors.noise.type = regex_filter
lines.sources.in.interceptors.noise.regex = ^#
lines.sources.in.interceptors.noise.excludeEvents = true
lines.sources.in.interceptors.status.type = regex_extractor
lines.sources.in.interceptors.status.regex = status=(\\\\d)
lines.sources.in.interceptors.status.serializers = s1
lines.sources.in.interceptors.status.serializers.s1.name = class
lines.sources.in.selector.type = multiplexing
lines.sources.in.selector.header = class
lines.sources.in.selector.mapping.2 = good
lines.sources.in.selector.mapping.5 = bad
lines.channels.good.type = memory
lines.channels.bad.type = memory
lines.sinks.g.type = logger
lines.sinks.g.channel = good
lines.sinks.b.type = logger
lines.sinks.b.channel = bad
`;
const siteValue = 17;

let bed: ConsoleProduct;
beforeAll(async () => {
  bed = await startConsole({ topicsPort: 24_852, httpPort: 24_853 });
}, 180_000);
afterAll(() => bed.stop());

interface Revisions {
  readonly data: readonly {
    readonly revision: number;
    readonly action: string;
    readonly config: Readonly<Record<string, string>>;
  }[];
}

async function answer<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${bed.product.url}/api/v1${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

const editorOf = (page: Page) => page.getByRole('textbox', { name: /^flume\.conf of / });
const reportOf = (page: Page) => page.getByRole('region', { name: 'Report by line' });
/** A word behind its shape. */
const badge = (place: Page | Locator, word: string) =>
  place.locator('.badge').filter({ hasText: new RegExp(`^\\W*${word}$`) });
/** Revision and whether its worker runs it. */
const runs = (page: Page, revision: number) =>
  badge(page.getByRole('status').filter({ hasText: `Revision ${revision}` }), 'runs').waitFor();

async function act(page: Page, name: string, action: RegExp): Promise<void> {
  await page.getByRole('button', { name: `Actions of ${name}` }).click();
  await page.getByRole('menuitem', { name: action }).click();
}

test('every component of the demo tells how it is', async () => {
  const { page, context, errors } = await bed.browser.open('/collectors');
  await page.getByRole('link', { name: 'weblog' }).click();
  await page.getByRole('heading', { level: 1, name: 'weblog' }).waitFor();
  const row = (name: string) => page.getByRole('row').filter({ has: page.getByRole('rowheader', { name }) });
  for (const name of ['web source taildir', 'disk channel file', 'topic sink kafka']) {
    await row(name).first().getByText('running').waitFor();
  }
  await page.getByRole('rowheader', { name: 'site interceptor static' }).first().waitFor();
  await page.getByRole('meter', { name: 'Fill of disk' }).waitFor();
  await row('web source taildir').getByRole('cell', { name: /[1-9]/ }).first().waitFor();
  await page.getByText(/on local/).waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  expect(errors).toEqual([]);
  await context.close();
}, 60_000);

test('a mistake is marked at its line with what was meant; a change is shown, applied, and rolled back', async () => {
  const { page, context, errors } = await bed.browser.open('/collectors/weblog/configuration');
  await runs(page, 1);
  await badge(page, 'it would run').waitFor();
  await editorOf(page).click();
  await page.keyboard.press('Control+End');
  await page.keyboard.type('weblog.channels.disk.capcity = 500000');
  await page.getByText('Did you mean capacity?').waitFor();
  expect(await page.locator('.cm-lint-marker-warning').count()).toBe(1);
  await page.getByRole('button', { name: 'Use capacity' }).click();
  await page.getByText('Did you mean capacity?').waitFor({ state: 'detached' });
  await badge(page, 'it would run').waitFor();
  await page.getByRole('button', { name: 'Discard changes' }).click();

  await page.getByRole('button', { name: `Go to line ${siteValue - 2}` }).click();
  await page.keyboard.press('End');
  await page.keyboard.press('Backspace');
  await badge(page, 'it would not run').waitFor();
  await page.locator('.cm-lint-marker-error').waitFor();
  await reportOf(page).getByText('Did you mean static?').waitFor();
  expect(await page.getByRole('button', { name: 'Review and apply …' }).isDisabled()).toBe(true);
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.getByRole('button', { name: 'Use static' }).click();
  await badge(page, 'it would run').waitFor();

  await page.getByRole('button', { name: `Go to line ${siteValue}` }).click();
  await page.keyboard.press('End');
  await page.keyboard.type('-two');
  await page.getByRole('button', { name: 'Review and apply …' }).click();
  const dialog = page.getByRole('dialog', { name: 'Change weblog' });
  await dialog.getByText('Restarts 1 component: source web.').waitFor();
  await dialog.getByText('Goes on as it is: source own, channel disk, sink topic.').waitFor();
  await dialog.getByText('weblog.sources.web.interceptors.site.value = shop-two').waitFor();
  await dialog.getByText('Tried: the server would take it.').waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Apply' }).click();
  await page.getByText(/Revision 2 of weblog is applied/).waitFor();
  await runs(page, 2);

  await page.getByRole('link', { name: 'Tap' }).click();
  await page.getByRole('combobox', { name: 'Where' }).selectOption('interceptors.web');
  await page.getByRole('list', { name: 'Events' }).getByText('shop-two').first().waitFor();

  await page.getByRole('link', { name: 'History' }).click();
  await page.getByRole('heading', { name: 'From revision 1 to 2' }).waitFor();
  await page.getByRole('button', { name: 'Roll back to revision 1' }).click();
  const question = page.getByRole('dialog', { name: 'Roll weblog back to revision 1?' });
  await question.getByText('Restarts 1 component: source web.').waitFor();
  await question.getByText('weblog.sources.web.interceptors.site.value = shop', { exact: true }).first().waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  await question.getByRole('button', { name: 'Roll back' }).click();
  await page.getByText(/Revision 3 of weblog is what revision 1 was/).waitFor();
  const { data } = await answer<Revisions>('GET', '/collectors/weblog/revisions');
  const confOf = (revision: number) => data.find((one) => one.revision === revision)?.config['flume.conf'];
  expect(confOf(3)).toBe(confOf(1));
  expect(confOf(2)).not.toBe(confOf(1));
  await page.getByRole('link', { name: 'Configuration' }).click();
  await runs(page, 3);
  expect(errors).toEqual([]);
  await context.close();
}, 180_000);

test('somebody else’s change is shown before mine takes its place', async () => {
  const { page, context, errors } = await bed.browser.open('/collectors/weblog/configuration');
  await badge(page, 'it would run').waitFor();
  await editorOf(page).click();
  await page.keyboard.press('Control+End');
  await page.keyboard.type('# mine');
  const kept = await answer<{ flume_conf: string; revision: number }>('GET', '/collectors/weblog');
  await answer('PATCH', '/collectors/weblog', { flume_conf: `# theirs\n${kept.flume_conf}` });
  await page.getByRole('button', { name: 'Review and apply …' }).click();
  const conflict = page.getByRole('dialog', { name: 'Somebody else has changed weblog' });
  await conflict.getByText(`Revision ${kept.revision + 1} was made`).waitFor();
  await conflict.getByText('# theirs').waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  await conflict.getByRole('button', { name: 'Put mine in place of theirs …' }).click();
  const dialog = page.getByRole('dialog', { name: 'Change weblog' });
  await dialog.getByText('Nothing that runs is touched.').waitFor();
  await dialog.getByRole('button', { name: 'Apply' }).click();
  await page.getByText(`Revision ${kept.revision + 2} of weblog is applied`, { exact: false }).waitFor();
  // The refusal of the server is an error for the browser's console, not for the person.
  expect(errors.filter((error) => !error.includes('412'))).toEqual([]);
  await context.close();
}, 60_000);

test('sample lines tell which headers the interceptors set', async () => {
  const { page, context, errors } = await bed.browser.open('/collectors/weblog/try');
  await page.getByRole('textbox', { name: 'Sample lines' }).fill('GET / 200\nGET /cart 500\n');
  await page.getByRole('button', { name: 'Try', exact: true }).click();
  await page.getByText('2 go on, 0 dropped').waitFor();
  const results = page.getByRole('list', { name: 'Results by line' }).getByRole('listitem');
  expect(await results.count()).toBe(2);
  const first = await results.first().innerText();
  for (const header of ['site', 'shop', 'host', 'timestamp', 'disk']) expect(first).toContain(header);
  await page.getByRole('button', { name: 'Take what passes now' }).click();
  await page.getByRole('button', { name: 'Waiting for events …' }).waitFor();
  await page.getByRole('button', { name: 'Take what passes now' }).waitFor();
  expect(await page.getByRole('textbox', { name: 'Sample lines' }).inputValue()).toContain('"method"');
  expect(await accessibilityProblems(page)).toEqual([]);
  expect(errors).toEqual([]);
  await context.close();
}, 60_000);

test('a tap shows events, holds them and filters them', async () => {
  const { page, context, errors } = await bed.browser.open('/collectors/weblog/tap?edge=interceptors.web');
  const events = page.getByRole('list', { name: 'Events' }).getByRole('listitem');
  await events.first().waitFor();
  await page.getByRole('button', { name: 'Hold', exact: true }).click();
  await badge(page, 'held').waitFor();
  await page.getByRole('searchbox', { name: 'Filter' }).fill('site=nowhere');
  await page.getByText('None of them matches the filter').waitFor();
  await page.getByRole('searchbox', { name: 'Filter' }).fill('site=shop');
  await events.first().waitFor();
  expect(page.url()).toContain('filter=site%3Dshop');
  await page.getByRole('button', { name: 'Stop' }).click();
  await badge(page, 'not watching').waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  expect(errors).toEqual([]);
  await context.close();
}, 60_000);

test('a pasted flume.conf becomes a collector that can be tried, paused, and deleted by its name', async () => {
  const { page, context, errors } = await bed.browser.open('/collectors/new');
  await page.getByRole('button', { name: 'From another Flume agent (avro)' }).click();
  await badge(page, 'it would run').waitFor();
  await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(lines)})`);
  await editorOf(page).click();
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Control+v');
  await page.getByRole('textbox', { name: 'Name' }).fill('lines');
  await page.getByText('the source type netcat').waitFor();
  await badge(page, 'it would run').waitFor();
  await page.getByRole('combobox', { name: 'Begins' }).selectOption('STOPPED');
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.getByRole('button', { name: 'Create collector' }).click();
  await page.getByRole('heading', { level: 1, name: 'lines' }).waitFor();
  await page.getByText('It is stopped: nothing of it runs').waitFor();

  await page.getByRole('link', { name: 'Try' }).click();
  await page.getByRole('textbox', { name: 'Sample lines' }).fill('status=200\n# noise\nstatus=404\nstatus=500\n');
  await page.getByRole('button', { name: 'Try', exact: true }).click();
  await page.getByText('2 go on, 1 dropped, 1 without a channel, 0 failed').waitFor();
  await page.getByText('noise (regex_filter) drops it: its pattern decides so.').waitFor();
  await page.getByText('its header class is mapped to no channel').waitFor();

  await act(page, 'lines', /^Resume/);
  await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click();
  await page.getByText('lines goes on.').waitFor();
  await act(page, 'lines', /^Delete/);
  const question = page.getByRole('dialog', { name: 'Delete lines?' });
  expect(await question.getByRole('button', { name: 'Delete' }).isDisabled()).toBe(true);
  await question.getByRole('textbox').fill('lines');
  await question.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('heading', { level: 1, name: 'Collectors' }).waitFor();
  await page.getByRole('link', { name: 'lines' }).waitFor({ state: 'detached' });
  expect(errors.filter((error) => !error.includes('404'))).toEqual([]);
  await context.close();
}, 90_000);

test('with keys alone: from the list into the editor, out of it, and to the actions', async () => {
  const { page, context, errors } = await bed.browser.open('/collectors');
  await page.getByRole('link', { name: 'weblog' }).waitFor();
  await tabTo(page, 'document.activeElement?.getAttribute("role") === "row"');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'weblog' }).waitFor();
  await tabTo(page, 'document.activeElement?.textContent?.startsWith("Configuration")');
  await page.keyboard.press('Enter');
  await editorOf(page).waitFor();
  await badge(page, 'it would run').waitFor();
  await tabTo(page, 'document.activeElement?.closest(".cm-editor") !== null');
  await page.keyboard.press('Control+End');
  await page.keyboard.type('# by keys');
  await page.getByRole('link', { name: /not applied/ }).waitFor();
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement?.closest(".cm-editor") === null')).toBe(true);
  await page.keyboard.press('Shift+Tab');
  expect(await page.evaluate('document.activeElement?.closest(".cm-editor") !== null')).toBe(true);
  await page.keyboard.press('Shift+Tab');
  await badge(page, 'it would run').waitFor();
  await tabTo(page, 'document.activeElement?.textContent?.startsWith("Review and apply")', 'Shift+Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'Change weblog' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await tabTo(page, 'document.activeElement?.getAttribute("aria-label") === "Actions of weblog"', 'Shift+Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: /^Pause/ }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'Pause weblog?' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(errors).toEqual([]);
  await context.close();
}, 60_000);

/** `found` is JavaScript that is true when the focus is where it should be. */
async function tabTo(page: Page, found: string, key = 'Tab'): Promise<void> {
  for (let presses = 0; presses < 120; presses += 1) {
    if ((await page.evaluate(found)) === true) return;
    await page.keyboard.press(key);
  }
  throw new Error(`${key} did not get to where ${found}`);
}

test('pictures of what is and what is wanted', async () => {
  const problems = [
    ...(await takePictures(bed.browser, '/collectors', 'collectors', (page) =>
      page.getByRole('link', { name: 'weblog' }).waitFor(),
    )),
    ...(await takePictures(bed.browser, '/collectors/weblog', 'collector', (page) =>
      page.getByRole('rowheader', { name: 'topic sink kafka' }).waitFor(),
    )),
    ...(await takePictures(bed.browser, '/collectors/weblog/configuration', 'collector-configuration', (page) =>
      badge(page, 'it would run').waitFor(),
    )),
  ];
  expect(problems).toEqual([]);
}, 180_000);

test('pictures of what passes and what was', async () => {
  const problems = [
    ...(await takePictures(bed.browser, '/collectors/weblog/try', 'collector-try', async (page) => {
      await page.getByRole('textbox', { name: 'Sample lines' }).fill('GET / 200\n');
      await page.getByRole('button', { name: 'Try', exact: true }).click();
      await page.getByText('1 go on').waitFor();
    })),
    ...(await takePictures(bed.browser, '/collectors/weblog/tap?edge=sink.topic', 'collector-tap', (page) =>
      page.getByRole('list', { name: 'Events' }).waitFor(),
    )),
    ...(await takePictures(bed.browser, '/collectors/weblog/history', 'collector-history', (page) =>
      page.getByRole('region', { name: 'Revisions' }).waitFor(),
    )),
    ...(await takePictures(bed.browser, '/collectors/new', 'collector-new', async (page) => {
      await page.getByRole('button', { name: 'Lines over TCP (netcat)' }).click();
      await badge(page, 'it would run').waitFor();
    })),
  ];
  expect(problems).toEqual([]);
}, 180_000);
