/** A real browser on the console: one Chromium for a test file, a fresh context for each view. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { projectRoot } from '../flows/product.js';

const places = [
  process.env['CHROMIUM'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Pictures are kept for people to look at. */
const pictures = join(projectRoot, 'test-results', 'console');

export interface ViewOptions {
  readonly colours?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
}

/** A tab of the console and what went wrong in it. */
export interface View {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of the console and of scripts so far; a test ends with `expect(view.errors).toEqual([])`. */
  readonly errors: string[];
}

export class ConsoleBrowser {
  private constructor(
    private readonly browser: Browser,
    private readonly baseUrl: string,
  ) {}

  /** Fails where there is no Chromium: Debian's package is `chromium`; `CHROMIUM` names another. */
  static async start(baseUrl: string): Promise<ConsoleBrowser> {
    const executablePath = places.find((path) => path !== '' && existsSync(path));
    if (executablePath === undefined)
      throw new Error('there is no Chromium: install the package chromium, or set CHROMIUM');
    const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
    return new ConsoleBrowser(await chromium.launch({ executablePath, args }), baseUrl);
  }

  /** Opens a path below `/console`, such as `/topics`. */
  async open(path: string, { colours = 'light', width = 1280, height = 860 }: ViewOptions = {}): Promise<View> {
    const context = await this.browser.newContext({
      baseURL: this.baseUrl,
      colorScheme: colours,
      viewport: { width, height },
      reducedMotion: 'reduce',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(`${message.text()} (${message.location().url})`);
    });
    await page.goto(`/console${path}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    return { page, context, errors };
  }

  async close(): Promise<void> {
    await this.browser.close();
  }
}

/** What axe finds against WCAG 2.2 A and AA, one line each; none is what a test wants. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  // As a script in the page it would be against the page's own policy.
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    interface Finding {
      readonly id: string;
      readonly help: string;
      readonly nodes: readonly { readonly target: readonly unknown[]; readonly failureSummary?: string }[];
    }
    const axe: unknown = Reflect.get(globalThis, 'axe');
    const { run } = axe as { run(this: void, options: object): Promise<{ violations: readonly Finding[] }> };
    const { violations } = await run({
      runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
    });
    return violations.map(({ id, help, nodes }) => {
      const [first] = nodes;
      return `${id}: ${help} (${nodes.length}; ${JSON.stringify(first?.target)} ${first?.failureSummary ?? ''})`;
    });
  });
}

/** `test-results/console/NAME-COLOURS-WIDTH.png` of a path in light, dark, and 320 pixels wide; gives back what axe finds in each. */
export async function takePictures(
  browser: ConsoleBrowser,
  path: string,
  name: string,
  ready: (page: Page) => Promise<unknown>,
): Promise<string[]> {
  mkdirSync(pictures, { recursive: true });
  const problems: string[] = [];
  const kinds: readonly Required<ViewOptions>[] = [
    { colours: 'light', width: 1280, height: 860 },
    { colours: 'dark', width: 1280, height: 860 },
    { colours: 'light', width: 320, height: 740 },
  ];
  for (const kind of kinds) {
    const view = await browser.open(path, kind);
    await ready(view.page);
    const file = `${name}-${kind.colours}-${kind.width}.png`;
    await view.page.screenshot({ path: join(pictures, file) });
    const found = [...view.errors, ...(await accessibilityProblems(view.page))];
    problems.push(...found.map((problem) => `${file}: ${problem}`));
    await view.context.close();
  }
  return problems;
}
