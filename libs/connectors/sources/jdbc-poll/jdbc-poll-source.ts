import { join } from 'node:path';
import { requireOptions, type OptionValues } from '#config/options';
import type { ComponentRemark, ComponentType, Source, SourceContext } from '#pipeline/collector';
import { EventBatch } from '#pipeline/event-batch';
import { messageOf } from '#std/errors';
import { deliverUntilTaken } from '../deliver-until-taken.js';
import { parseDatabaseUrl } from './database-url.js';
import { jdbcPollOptions } from './jdbc-poll-options.js';
import { PositionFile } from '../position-file.js';
import { openDatabase, type SqlDatabase } from './sql-database.js';
import { TablePages, type Page, type RowPosition } from './table-pages.js';

type JdbcPollOptions = OptionValues<typeof jdbcPollOptions>;

const retryMsMin = 1000;
const retryMsMax = 30_000;

/**
 * Reads rows as they come or change: bodies are the rows as JSON. The position moves with the delivery, in one transaction where the
 * channels are topics; elsewhere it is kept in a file, and rows of the last delivery can come twice after a crash.
 */
export const jdbcPollSource: ComponentType<Source> = {
  name: 'jdbc_poll',
  classNames: ['io.confluent.connect.jdbc.JdbcSourceConnector'],
  doc: 'Polls tables of PostgreSQL, MySQL and MariaDB for new and changed rows.',
  options: jdbcPollOptions,
  batchSizeOption: 'batch.max.rows',
  check: (options) => check(requireOptions('source jdbc_poll', jdbcPollOptions, options)),
  create: (input) => new JdbcPollSource(requireOptions(`source ${input.name}`, jdbcPollOptions, input.options)),
};

function check(values: JdbcPollOptions): ComponentRemark[] {
  const remarks: ComponentRemark[] = [];
  const error = (option: string, message: string): void => void remarks.push({ severity: 'error', option, message });
  if ((values['table.whitelist'] === null) === (values.query === null)) {
    error('table.whitelist', 'name either tables (table.whitelist) or a query.');
  }
  for (const part of ['incrementing', 'timestamp'] as const) {
    const option = `${part}.column.name` as const;
    if (values.mode.includes(part) && values[option] === null) error(option, `mode ${values.mode} needs ${option}.`);
  }
  return remarks;
}

/** What is read: a table, or the query. */
interface Target {
  readonly name: string;
  readonly of: { readonly table: string } | { readonly query: string };
}

class JdbcPollSource implements Source {
  private stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private positions = new Map<string, string>();
  private database: SqlDatabase | null = null;

  constructor(private readonly options: JdbcPollOptions) {}

  async start(context: SourceContext): Promise<void> {
    this.stopping = new AbortController();
    this.positions = new Map(await (context.positions ?? this.fileOf(context)).load());
    this.running = this.run(context);
  }

  async stop(): Promise<void> {
    this.stopping.abort(new Error('the source stops'));
    await this.running;
    await this.disconnect();
  }

  private async run(context: SourceContext): Promise<void> {
    const { signal } = this.stopping;
    for (let failures = 0; !signal.aborted;) {
      let waitMs = this.options['poll.interval.ms'];
      try {
        const hadNews = await this.round(context);
        if (failures > 0) context.reportError(null);
        failures = 0;
        if (hadNews) continue;
      } catch (error) {
        if (signal.aborted) break;
        await this.disconnect();
        context.count('EventReadFail', 1);
        context.reportError(error);
        if (failures === 0) context.logger.warn(`The database cannot be read and is asked again: ${messageOf(error)}`);
        waitMs = Math.min(retryMsMin * 2 ** failures, retryMsMax);
        failures += 1;
      }
      await context.clock.sleep(waitMs, signal).catch(() => undefined);
    }
  }

  /** A page of each target; true where one of them has more. */
  private async round(context: SourceContext): Promise<boolean> {
    const database = (this.database ??= await this.connect());
    let hadNews = false;
    for (const target of this.targets()) {
      if (this.stopping.signal.aborted) break;
      const { options } = this;
      const pages = new TablePages(database, target.of, {
        mode: options.mode,
        incrementing: options['incrementing.column.name'],
        timestamp: options['timestamp.column.name'],
        timestampInitial: options['timestamp.initial'],
        delayMs: options['timestamp.delay.interval.ms'],
        rowsMax: options['batch.max.rows'],
      });
      const page = await pages.next(this.positionOf(target.name));
      if (page === null) continue;
      await this.deliver(context, target, page);
      if (page.isFull) hadNews = true;
    }
    return hadNews;
  }

  private async deliver(context: SourceContext, target: Target, page: Page): Promise<void> {
    const { tableHeader } = this.options;
    const headers = 'table' in target.of && tableHeader !== '' ? { [tableHeader]: target.name } : {};
    const batch = EventBatch.of(page.rows.map((row) => ({ body: Buffer.from(JSON.stringify(row)), headers })));
    const position = JSON.stringify(page.position);
    await deliverUntilTaken(context, batch, {
      signal: this.stopping.signal,
      retryMsMin,
      retryMsMax,
      report: (error) => context.reportError(error),
      moved: new Map([[target.name, position]]),
    });
    this.positions.set(target.name, position);
    if (context.positions === null) await this.fileOf(context).save(this.positions);
  }

  private positionOf(name: string): RowPosition {
    const text = this.positions.get(name);
    return text === undefined ? {} : (JSON.parse(text) as RowPosition);
  }

  private targets(): Target[] {
    const { query } = this.options;
    if (query !== null) return [{ name: 'query', of: { query } }];
    return (this.options['table.whitelist'] ?? []).map((table) => ({ name: table, of: { table } }));
  }

  private connect(): Promise<SqlDatabase> {
    const address = parseDatabaseUrl(this.options['connection.url']);
    const user = this.options['connection.user'] ?? address.user ?? undefined;
    const password = this.options['connection.password'] ?? address.password ?? undefined;
    return openDatabase(address, { user, password });
  }

  private async disconnect(): Promise<void> {
    const { database } = this;
    this.database = null;
    await database?.close().catch(() => undefined);
  }

  private fileOf(context: SourceContext): PositionFile {
    return new PositionFile(join(context.stateDirectory, 'jdbc_poll.json'));
  }
}
