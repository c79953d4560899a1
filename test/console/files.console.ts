import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { accessibilityProblems, takePictures } from './browser.js';
import { startConsole, type ConsoleProduct } from './console-product.js';

let bed: ConsoleProduct;
const kinds = [
  {
    name: 'as-sequence',
    config: { 'file.fileType': 'SequenceFile', 'file.codeC': 'snappy' },
    decoder: 'SequenceFile, snappy by block',
  },
  { name: 'as-avro', config: { format: 'avro', 'avro.codec': 'deflate' }, decoder: 'Avro container, deflate' },
  { name: 'as-parquet', config: { format: 'parquet' }, decoder: /^Parquet, snappy, \d+ rows$/ },
] as const;

beforeAll(async () => {
  bed = await startConsole({ topicsPort: 24_862, httpPort: 24_863 });
  for (const { name, config } of kinds) {
    // The demo has poison lines, which fit no schema.
    const place = {
      'file.path': `\${env:MILLRACE_DATA}/${name}/%{topic}`,
      'file.rollInterval': 3,
      'errors.tolerance': 'all',
    };
    const body = {
      name,
      type: 'file',
      topics: ['access-log'],
      dlq: { topic: 'files.dead-letters', replication_factor: 1 },
      config: { ...place, 'start.from': 'earliest', ...config },
    };
    const answer = await fetch(`${bed.product.url}/api/v1/sinks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect([answer.status, await answer.text()]).toEqual([201, expect.any(String)]);
  }
}, 120_000);
afterAll(() => bed.stop());

const testMs = 60_000;

/** Files come when they are complete. */
async function waitForFiles(name: string): Promise<void> {
  for (const end = Date.now() + 40_000; Date.now() < end;) {
    const answer = await fetch(`${bed.product.url}/api/v1/sinks/${name}/files`);
    const body: unknown = await answer.json();
    if (Reflect.get(Object(Reflect.get(Object(body), 'metadata')), 'total') > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  throw new Error(`${name} has written no file`);
}

test(
  'files of the demo: from the list to rows, by a link that shows the same again',
  async () => {
    await waitForFiles('lake');
    const { page, context, errors } = await bed.browser.open('/files');
    await page.getByRole('link', { name: 'lake' }).click();
    await page.getByRole('heading', { level: 1, name: 'Files of lake' }).waitFor();
    const table = page.getByRole('table', { name: 'Files of lake' });
    await table
      .getByRole('button', { name: /access-log\+\d\+\d{10}\+\d{10}\.txt/ })
      .first()
      .click();
    const drawer = page.getByRole('dialog');
    await drawer.getByText('JSON lines').waitFor();
    await drawer.getByRole('columnheader', { name: 'status' }).waitFor();
    expect(await drawer.getByRole('row').count()).toBeGreaterThan(1);
    const download = page.waitForEvent('download');
    await drawer.getByRole('button', { name: 'Download' }).click();
    expect((await download).suggestedFilename()).toMatch(/^access-log\+.*\.txt$/);
    expect(await accessibilityProblems(page)).toEqual([]);
    const link = page.url();
    await page.goto(link);
    await page.getByRole('dialog').getByText('JSON lines').waitFor();
    expect(errors).toEqual([]);
    await context.close();
  },
  testMs,
);

test.each(kinds)(
  'rows of $name are decoded',
  async ({ name, decoder }) => {
    await waitForFiles(name);
    const { page, context, errors } = await bed.browser.open(`/files/${name}`);
    await page
      .getByRole('table', { name: `Files of ${name}` })
      .getByRole('button', { name: /access-log\+/ })
      .first()
      .click();
    const drawer = page.getByRole('dialog');
    await drawer.getByText(decoder).waitFor();
    await drawer.getByText('the first').waitFor();
    expect(await drawer.getByRole('row').count()).toBeGreaterThan(1);
    await drawer.getByText('Schema', { exact: true }).click();
    expect(errors).toEqual([]);
    await context.close();
  },
  testMs,
);

test(
  'with keys alone: a file is opened and closed',
  async () => {
    const { page, context, errors } = await bed.browser.open('/files/lake');
    await page.getByRole('table', { name: 'Files of lake' }).waitFor();
    for (let step = 0; step < 60; step += 1) {
      if ((await page.locator('[data-index="0"]:focus').count()) > 0) break;
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByText('JSON lines').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(errors).toEqual([]);
    await context.close();
  },
  testMs,
);

test(
  'looks in light, dark and 320 pixels',
  async () => {
    const list = await takePictures(bed.browser, '/files', 'files', (page) =>
      page.getByRole('link', { name: 'lake' }).waitFor(),
    );
    const lake = await takePictures(bed.browser, '/files/as-avro', 'files-of', async (page) => {
      await page
        .getByRole('button', { name: /access-log\+/ })
        .first()
        .click();
      await page.getByRole('dialog').getByText('Avro container').waitFor();
    });
    expect([...list, ...lake]).toEqual([]);
  },
  testMs,
);
