import type { SinkContext } from '#pipeline/sink';
import type { SqlDatabase } from '../sql/sql-sink.js';
import type { MysqlColumn } from './columns.js';
import { connectMysql, type MysqlConnection } from './mysql-connection.js';
import { classOfError, mysqlSinkError, serverErrorOf } from './mysql-errors.js';
import { MysqlOffsets } from './offsets.js';
import type { MysqlSettings } from './options.js';
import { MysqlTables } from './tables.js';

/** MySQL or MariaDB for `SqlSink`. */
export function mysqlDatabase(settings: MysqlSettings): SqlDatabase<MysqlConnection, MysqlColumn> {
  return {
    product: 'MySQL',
    tables: new MysqlTables(settings),
    offsets: new MysqlOffsets(settings.offsetsTable),
    connect: ({ name, task }: SinkContext, lost) => connectMysql(settings, `millrace-sink-${name}-${task}`, lost),
    disconnect,
    begin: async (client) => {
      await client.query('START TRANSACTION');
    },
    commit: async (client) => {
      await client.query('COMMIT');
    },
    rollback: async (client) => {
      await client.query('ROLLBACK');
    },
    isAnswer: (error) => serverErrorOf(error) !== null,
    classOf: classOfError,
    sinkError: mysqlSinkError,
  };
}

/** Whatever was to be kept is committed by then, and a server that has gone away is not waited for. */
function disconnect(client: MysqlConnection): Promise<void> {
  client.raw.destroy();
  return Promise.resolve();
}
