import type { OptionProblem } from '#config/options';
import type { SinkContext } from '#pipeline/sink';
import { systemClock } from '#std/clock';
import { messageOf } from '#std/errors';
import { silentLogger } from '#std/log';
import { writtenAs, type Options, type sqlOptions, type SqlSettings } from './sql-options.js';
import type { SqlDatabase } from './sql-sink.js';
import { tableName, tableOf, type TableName } from './table-name.js';
import type { SqlColumn } from './table-writer.js';

export type TableRight = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE' | 'TRUNCATE' | 'ALTER';

/** What a database tells of itself for `verify`. Changes nothing. */
export interface SqlInspection<C> {
  /** Those of `rights` that the user does not have on a table that is there. */
  missingRights(client: C, table: TableName, rights: readonly TableRight[]): Promise<readonly TableRight[]>;
  /** Whether the user may create a table there; true where that can not be told. */
  mayCreate(client: C, table: TableName): Promise<boolean>;
  /** The columns of each unique index that covers whole columns of all rows. */
  uniqueKeys(client: C, table: TableName): Promise<readonly (readonly string[])[]>;
  /** Whether an error at login is about the user and not about the address. */
  isLogin(error: unknown): boolean;
}

const context: SinkContext = {
  name: 'verify',
  task: 0,
  clock: systemClock,
  logger: silentLogger,
  ownerEpoch: 0,
  stateDirectory: '',
};

const topicsMax = 100;

/** Whether the sink could work there: address, login, rights, tables, keys. See `SinkType.verify`. */
export async function verifySql<C, Column extends SqlColumn>(
  database: SqlDatabase<C, Column>,
  inspection: SqlInspection<C>,
  settings: SqlSettings,
  options: Options,
): Promise<readonly OptionProblem[]> {
  let client: C;
  try {
    client = await database.connect(context, () => undefined);
  } catch (error) {
    const name = inspection.isLogin(error) ? writtenAs('connection.user', options) : 'connection.url';
    return [{ name, value: null, message: `${database.product} can not be reached: ${messageOf(error)}` }];
  }
  try {
    return await new SqlVerification(database, inspection, settings, options, client).problems();
  } catch (error) {
    return [
      { name: 'connection.url', value: null, message: `${database.product} refused a look: ${messageOf(error)}` },
    ];
  } finally {
    await database.disconnect(client);
  }
}

class SqlVerification<C, Column extends SqlColumn> {
  private readonly found: OptionProblem[] = [];

  constructor(
    private readonly database: SqlDatabase<C, Column>,
    private readonly inspection: SqlInspection<C>,
    private readonly settings: SqlSettings,
    private readonly options: Options,
    private readonly client: C,
  ) {}

  async problems(): Promise<readonly OptionProblem[]> {
    await this.offsets();
    const topics = (this.options['topics'] ?? '').split(/[\s,]+/).filter((topic) => topic !== '');
    const tables = new Map<string, TableName>();
    for (const topic of topics.slice(0, topicsMax)) {
      const table = tableOf(topic, this.settings);
      tables.set(this.database.tables.quotedTable(table), table);
    }
    for (const [sql, table] of tables) await this.table(sql, table);
    return this.found;
  }

  private async offsets(): Promise<void> {
    const table = tableName(this.settings.offsetsTable, '');
    const columns = await this.database.tables.readColumns(this.client, table);
    if (columns !== null) {
      await this.rights(this.database.offsets.name, table, ['SELECT', 'INSERT', 'UPDATE'], 'offsets.table');
    } else if (!(await this.inspection.mayCreate(this.client, table))) {
      this.add('offsets.table', `Table ${this.database.offsets.name} is not there, and the user may not create it`);
    }
  }

  private async table(sql: string, table: TableName): Promise<void> {
    const { autoCreate, autoEvolve, mode, deleteEnabled, truncateEnabled } = this.settings;
    const columns = await this.database.tables.readColumns(this.client, table);
    if (columns === null) {
      if (!autoCreate) this.add('table.name.format', `Table ${sql} does not exist. Create it, or set auto.create=true`);
      else if (!(await this.inspection.mayCreate(this.client, table))) {
        this.add('auto.create', `Table ${sql} is not there, and the user may not create it`);
      }
      return;
    }
    const rights: TableRight[] = [
      ...(mode === 'update' ? [] : (['INSERT'] as const)),
      ...(mode === 'insert' ? [] : (['SELECT', 'UPDATE'] as const)),
      ...(deleteEnabled ? (['DELETE'] as const) : []),
      ...(truncateEnabled ? (['TRUNCATE'] as const) : []),
    ];
    await this.rights(sql, table, rights, 'connection.user');
    if (autoEvolve) await this.rights(sql, table, ['ALTER'], 'auto.evolve');
    await this.keys(sql, table, columns);
  }

  private async rights(
    sql: string,
    table: TableName,
    rights: readonly TableRight[],
    under: keyof typeof sqlOptions,
  ): Promise<void> {
    const missing = await this.inspection.missingRights(this.client, table, rights);
    if (missing.length > 0) this.add(under, `The user has no right to ${missing.join(', ')} on table ${sql}`);
  }

  private async keys(sql: string, table: TableName, columns: ReadonlyMap<string, Column>): Promise<void> {
    const { keyFields, mode, autoEvolve } = this.settings;
    const absent = keyFields.filter((name) => !columns.has(name));
    if (absent.length > 0 && !(autoEvolve && mode === 'insert')) {
      this.add('pk.fields', `Table ${sql} has no column ${absent.join(', ')}`);
    } else if (mode === 'upsert' && keyFields.length > 0) {
      const wanted = [...keyFields].sort().join('\u0000');
      const unique = await this.inspection.uniqueKeys(this.client, table);
      if (!unique.some((key) => [...key].sort().join('\u0000') === wanted)) {
        this.add(
          'pk.fields',
          `Table ${sql} has no primary key or unique index on (${keyFields.join(', ')}), which an upsert needs`,
        );
      }
    }
  }

  private add(name: keyof typeof sqlOptions, message: string): void {
    const written = writtenAs(name, this.options);
    this.found.push({ name: written, value: this.options[written] ?? null, message });
  }
}
