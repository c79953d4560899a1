import type { OptionProblem } from '#config/options';
import type { SinkType } from '#pipeline/sink';
import { systemClock } from '#std/clock';
import { messageOf } from '#std/errors';
import { silentLogger } from '#std/log';
import { ClickHouseClient, literal } from './clickhouse-client.js';
import { ClickHouseSink } from './clickhouse-sink.js';
import {
  clickhouseOptions,
  clickhouseProblems,
  clickhouseSettings,
  tableFor,
  type ClickHouseSettings,
} from './options.js';

const topicsMax = 100;

export const clickhouseSinkType: SinkType = {
  name: 'clickhouse',
  classNames: ['com.clickhouse.kafka.connect.ClickHouseSinkConnector'],
  version: '0.1.0',
  doc: 'Rows in ClickHouse from JSON objects over HTTP, a block a batch; a block that may have arrived is sent again with the same bounds and token.',
  options: clickhouseOptions,
  check: clickhouseProblems,
  async verify(options) {
    const settings = clickhouseSettings(options);
    const client = new ClickHouseClient(settings, systemClock);
    try {
      return await tableProblems(client, settings, options);
    } catch (error) {
      const name = /AUTHENTICATION_FAILED/.test(messageOf(error)) ? 'username' : 'clickhouse.url';
      return [{ name, value: null, message: messageOf(error) }];
    } finally {
      client.close();
    }
  },
  guarantee: (options) =>
    options['exactlyOnce']?.trim().toLowerCase() === 'false' ? 'at-least-once' : 'effectively-once',
  async alterOffsets(name, options, positions) {
    const sink = new ClickHouseSink(clickhouseSettings(options));
    try {
      await sink.start({ name, task: 0, clock: systemClock, logger: silentLogger, ownerEpoch: 0, stateDirectory: '' });
      await sink.alter(positions);
    } finally {
      await sink.stop();
    }
  },
  create: (options) => new ClickHouseSink(clickhouseSettings(options)),
};

/** Tables that are not there, or that would not leave out a block that comes twice. */
async function tableProblems(
  client: ClickHouseClient,
  settings: ClickHouseSettings,
  options: Readonly<Record<string, string>>,
): Promise<readonly OptionProblem[]> {
  const topics = (options['topics'] ?? '').split(/[\s,]+/).filter((topic) => topic !== '');
  const problems: OptionProblem[] = [];
  for (const topic of topics.slice(0, topicsMax)) {
    const table = tableFor(topic, settings);
    const [row] = await client.rows(
      `SELECT engine, engine_full FROM system.tables WHERE database = ${literal(settings.database)} AND name = ${literal(table)} FORMAT JSONCompactEachRow`,
    );
    if (row === undefined) {
      problems.push({
        name: 'table.name.format',
        value: options['table.name.format'] ?? null,
        message: `Table ${table} does not exist`,
      });
    } else if (settings.exactlyOnce && !deduplicates(String(row[0]), String(row[1]))) {
      problems.push({
        name: 'exactlyOnce',
        value: options['exactlyOnce'] ?? null,
        message:
          `Table ${table} keeps no tokens of blocks. Set its setting non_replicated_deduplication_window (ALTER TABLE … MODIFY SETTING ` +
          'non_replicated_deduplication_window = 1000), or exactlyOnce=false',
      });
    }
  }
  return problems;
}

/** Replicated tables do by themselves; others of the MergeTree family where a window is set. What is no such table passes it on. */
function deduplicates(engine: string, full: string): boolean {
  if (!engine.endsWith('MergeTree')) return true;
  if (/^(?:Replicated|Shared)/.test(engine)) return true;
  return Number(/non_replicated_deduplication_window = (\d+)/.exec(full)?.[1] ?? 0) > 0;
}
