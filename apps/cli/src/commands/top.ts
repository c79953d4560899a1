import { countOf, restFlags, topicFlags, UsageError, type Command, type CommandInput } from '../command.js';
import { asRows, pause, textOf, untilInterrupted } from '../output.js';
import { lookAround, type Overview } from '../overview.js';
import { withCluster } from '../topics-client.js';
import { restClient } from '../rest-client.js';

/** Rows of topics and groups; the busiest first. */
const rowsMax = 15;
const intervalSecondsDefault = '2';

export const topCommand: Command = {
  path: ['top'],
  summary: 'What moves now: topics by records a second, sinks, collectors, groups by lag; q or Ctrl-C ends it',
  flags: {
    ...restFlags,
    ...topicFlags,
    interval: { doc: 'how often it looks', value: 's', default: intervalSecondsDefault },
    once: { doc: 'shows it once, after one interval' },
  },
  examples: ['top', 'top --once -o json', 'top --interval 10'],
  async run(input) {
    const seconds = countOf(input, 'interval') ?? 0;
    if (seconds < 1 || seconds > 3600) throw new UsageError('--interval must be from 1 to 3600 seconds');
    await withCluster(input, async (_cluster, admin) => {
      const client = restClient(input);
      const stop = untilInterrupted();
      const keys = input.on('once') ? null : new Keys();
      keys?.open();
      try {
        const stopped = keys === null ? stop : AbortSignal.any([stop, keys.quit]);
        let before: Overview | null = null;
        while (!stopped.aborted) {
          const now = await lookAround(client, admin);
          if (before !== null) await show(input, before, now);
          if (before !== null && input.on('once')) return;
          before = now;
          await pause(seconds * 1000, stopped);
        }
      } finally {
        keys?.close();
      }
    });
  },
};

interface Rate {
  readonly topic: string;
  readonly records: number;
  readonly rate: number;
}

function ratesOf(before: Overview, now: Overview): Rate[] {
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1000);
  const rates = now.topics.map(({ topic, records, end }) => {
    const old = before.topics.find((each) => each.topic === topic);
    return { topic, records, rate: old === undefined ? 0 : Math.max(0, (end - old.end) / seconds) };
  });
  return rates.toSorted((left, right) => right.rate - left.rate || (left.topic < right.topic ? -1 : 1));
}

async function show(input: CommandInput, before: Overview, now: Overview): Promise<void> {
  const rates = ratesOf(before, now);
  if (input.text('output') === 'json') {
    const { atMs, sinks, collectors, groups, adminError } = now;
    const at = new Date(atMs).toISOString();
    return input.out(JSON.stringify({ at, topics: rates, sinks, collectors, groups, admin_error: adminError }));
  }
  if (input.text('output') === 'yaml') return input.out(await textOf('yaml', { ...now, topics: rates }));
  const groups = now.groups.toSorted((left, right) => (right.lag ?? 0) - (left.lag ?? 0)).slice(0, rowsMax);
  const blocks = [
    asRows(input, [
      ['TOPIC', 'RECORDS', 'RECORDS/S'],
      ...rates.slice(0, rowsMax).map(({ topic, records, rate }) => [topic, String(records), rate.toFixed(1)]),
    ]),
    ...(
      [
        ['SINK', now.sinks],
        ['COLLECTOR', now.collectors],
      ] as const
    ).map(([title, list]) =>
      asRows(input, [
        [title, 'STATE', 'LAG', 'LAG S'],
        ...list
          .slice(0, rowsMax)
          .map(({ name, state, lag, lagSeconds }) => [name, state, String(lag ?? ''), lagSeconds?.toFixed(1) ?? '']),
      ]),
    ),
    asRows(input, [
      ['GROUP', 'STATE', 'LAG'],
      ...groups.map(({ group, state, lag }) => [group, state, String(lag ?? '')]),
    ]),
  ].filter((block) => block.length > 1);
  const head = `${new Date(now.atMs).toISOString()}${now.adminError === null ? '' : `  ${now.adminError}`}`;
  const lines = [head, ...blocks.flatMap((block) => ['', ...block])];
  const isScreen = process.stdout.isTTY && !input.on('once');
  const room = isScreen ? process.stdout.rows - 1 : lines.length;
  process.stdout.write(`${isScreen ? '\x1b[H\x1b[J' : ''}${lines.slice(0, room).join('\n')}\n`);
}

/** The other screen of the terminal, and its keys: left as it was. */
class Keys {
  readonly #quit = new AbortController();
  readonly quit = this.#quit.signal;

  open(): void {
    if (process.stdout.isTTY) process.stdout.write('\x1b[?1049h\x1b[?25l');
    if (!process.stdin.isTTY) return;
    process.stdin.setRawMode(true);
    process.stdin.on('data', (bytes) => {
      // q, Ctrl-C, Ctrl-D
      if (['q', '\x03', '\x04'].includes(bytes.toString())) this.#quit.abort();
    });
  }

  close(): void {
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
    process.stdin.pause();
    if (process.stdout.isTTY) process.stdout.write('\x1b[?25h\x1b[?1049l');
  }
}
