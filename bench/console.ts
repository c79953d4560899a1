import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type CDPSession, type Page } from 'playwright-core';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { TopicAdmin } from '#topics/topic-admin';
import { TopicWriter } from '#topics/topic-writer';
import { answers, Child, sleep } from '../test/peers/child.js';
import { usageOf } from '../test/peers/usage.js';
import { Comparison } from './comparison.js';
import { benchOptions, nodeFlags, projectRoot, round, withFolder } from './harness.js';

const topicsPort = 27_420;
const httpPort = 27_421;
const url = `http://127.0.0.1:${httpPort}`;
const topics = 5_000;
const partitionsOfTopic = 2;
const connectors = 1_000;
/** Rows of lists that change each second. */
const updatesPerSecond = 200;
const chromiumPaths = [process.env['CHROMIUM'] ?? '', '/usr/bin/chromium', '/usr/bin/chromium-browser'];
/** A view, and what stands in it when it can be used. */
const views: readonly (readonly [path: string, ready: string])[] = [
  ['/', 'h1'],
  ['/topics', '[role=row][data-index="0"]'],
  ['/topics/load-0007', 'h1'],
  ['/groups', 'h1'],
  ['/sinks', '[role=row][data-index="0"]'],
  ['/jobs', 'h1'],
];

/**
 * The console on 5,000 topics of 2 partitions and 1,000 sinks, while 200 topics change each second: how long until a view can be used and the
 * longest task of the browser meanwhile (`--rounds` loads of each), then the page's memory over `--records` seconds of the topics' list, and
 * the administration's CPU time with and without somebody looking.
 */
export async function benchConsole(args: readonly string[]): Promise<void> {
  const { records: seconds, rounds } = benchOptions(args, { records: 600, rounds: 3 });
  await withFolder(async (folder) => {
    mkdirSync(join(folder, 'data'));
    const product = new Child({
      command: process.execPath,
      args: [
        ...nodeFlags,
        ...[join(projectRoot, 'bin', 'millrace.mjs'), 'up', '--data', join(folder, 'data')],
        ...['--topics-port', String(topicsPort), '--http-port', String(httpPort)],
      ],
      env: { DATABASE_URL: '' },
      logPath: join(folder, 'product.out'),
    });
    const cluster = new Cluster({
      bootstrap: [`127.0.0.1:${topicsPort}`],
      clientId: 'bench',
      clock: systemClock,
      logger: silentLogger,
    });
    const executablePath = chromiumPaths.find((path) => path !== '' && existsSync(path));
    if (executablePath === undefined) throw new Error('there is no Chromium: install the package chromium');
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
    try {
      await product.until('the product', () => answers(httpPort));
      await fill(cluster, folder);
      const load = new Load(cluster);
      try {
        await timeViews(browser, rounds);
        await watchMemory(browser, product, seconds);
      } finally {
        await load.stop();
      }
    } finally {
      await browser.close();
      await cluster.close();
      await product.stop();
    }
  });
}

async function fill(cluster: Cluster, folder: string): Promise<void> {
  const admin = new TopicAdmin(cluster);
  await inTurns(topics, 20, (index) =>
    admin.createTopic({ name: topicName(index), partitions: partitionsOfTopic, replicationFactor: 1, configs: {} }),
  );
  await inTurns(connectors, 20, async (index) => {
    const response = await fetch(`${url}/connectors`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        name: `load-${index}`,
        initial_state: 'PAUSED',
        config: { 'connector.class': 'file', topics: topicName(index), 'file.path': join(folder, 'never') },
      }),
    });
    if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
  });
}

async function inTurns(count: number, atOnce: number, work: (index: number) => Promise<void>): Promise<void> {
  for (let from = 0; from < count; from += atOnce) {
    await Promise.all(Array.from({ length: Math.min(atOnce, count - from) }, (_, at) => work(from + at)));
  }
}

function topicName(index: number): string {
  return `load-${String(index).padStart(4, '0')}`;
}

/** One record to each of the first topics, each second. */
class Load {
  private readonly writer: TopicWriter;
  private isOpen = true;
  private readonly loop: Promise<void>;

  constructor(cluster: Cluster) {
    this.writer = new TopicWriter(cluster, { lingerMs: 1 });
    this.loop = this.run();
  }

  private async run(): Promise<void> {
    const value = Buffer.alloc(200, 'x');
    while (this.isOpen) {
      const began = performance.now();
      await Promise.all(
        Array.from({ length: updatesPerSecond }, (_, index) =>
          this.writer.writeRecord(topicName(index), { key: null, value, headers: [] }),
        ),
      );
      await sleep(Math.max(0, 1_000 - (performance.now() - began)));
    }
  }

  async stop(): Promise<void> {
    this.isOpen = false;
    await this.loop;
    await this.writer.close(2_000);
  }
}

async function timeViews(browser: Browser, rounds: number): Promise<void> {
  const comparison = new Comparison(
    'console-views',
    `${topics} topics of ${partitionsOfTopic} partitions, ${connectors} sinks, ${updatesPerSecond} updates a second: ms until a view can be used, and the longest task in its first 5 s`,
  );
  for (let count = 0; count < rounds; count += 1) {
    for (const [path, ready] of views) {
      const page = await browser.newPage();
      await page.addInitScript(rememberLongTasks);
      await page.goto(`${url}/console${path}`);
      await page.locator(ready).first().waitFor();
      const usableMs = await page.evaluate(() => performance.now());
      await sleep(5_000);
      comparison.add(path, { usableMs: round(usableMs, 0), longestTaskMs: round(await longestTask(page), 0) });
      await page.close();
    }
  }
  comparison.report();
}

/** Runs in the page: a text, since the browser knows an entry that the types of Node do not. */
const rememberLongTasks = {
  content: `
    globalThis.longest = 0;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) globalThis.longest = Math.max(duration, globalThis.longest);
    }).observe({ type: 'longtask', buffered: true });`,
};

function longestTask(page: Page): Promise<number> {
  return page.evaluate(() => Number(Reflect.get(globalThis, 'longest')));
}

async function watchMemory(browser: Browser, product: Child, seconds: number): Promise<void> {
  const comparison = new Comparison(
    'console-memory',
    `The list of ${topics} topics open for ${seconds} s: heap of the page after collection, MiB, at the first and at the last tenth; CPU seconds of the product a minute`,
  );
  const page = await browser.newPage();
  await page.addInitScript(rememberLongTasks);
  await page.goto(`${url}/console/topics`);
  await page.locator('[role=row][data-index="0"]').waitFor();
  const session = await page.context().newCDPSession(page);
  const step = seconds / 10;
  await sleep(step * 1_000);
  const first = await heapMiB(session);
  const cpuBefore = usageOf(product.pid).cpuSeconds;
  await sleep(step * 8 * 1_000);
  const cpuWatched = usageOf(product.pid).cpuSeconds - cpuBefore;
  const last = await heapMiB(session);
  const longest = await longestTask(page);
  await page.close();
  await sleep(2_000);
  const cpuAlone = usageOf(product.pid).cpuSeconds;
  await sleep(step * 1_000);
  comparison.add('topics', {
    firstMiB: first,
    lastMiB: last,
    longestTaskMs: round(longest, 0),
    cpuWatchedPerMinute: (cpuWatched / (step * 8)) * 60,
    cpuUnwatchedPerMinute: ((usageOf(product.pid).cpuSeconds - cpuAlone) / step) * 60,
  });
  comparison.report();
}

async function heapMiB(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  return usedSize / 1024 / 1024;
}
