import type { SinkType } from '#pipeline/sink';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { jdbcClassNames } from '../sql/sql-options.js';
import { SqlSink } from '../sql/sql-sink.js';
import { verifySql } from '../sql/verify.js';
import { mysqlInspection } from './inspection.js';
import { mysqlDatabase } from './mysql-database.js';
import { mysqlOptions, mysqlProblems, mysqlSettings } from './options.js';

export const mysqlSinkType: SinkType = {
  name: 'mysql',
  classNames: jdbcClassNames,
  claims: (options) => /^(?:jdbc:)?(?:mysql|mariadb):/i.test(options['connection.url']?.trim() ?? ''),
  version: '0.1.0',
  doc: 'Rows in MySQL or MariaDB from JSON objects: insert, upsert or update, tables created and widened on demand, each record once.',
  options: mysqlOptions,
  check: mysqlProblems,
  verify(options) {
    const settings = mysqlSettings(options);
    return verifySql(mysqlDatabase(settings), mysqlInspection, settings, options);
  },
  guarantee: () => 'exactly-once',
  async alterOffsets(name, options, positions) {
    const sink = create(options);
    try {
      await sink.start({ name, task: 0, clock: systemClock, logger: silentLogger, ownerEpoch: 0, stateDirectory: '' });
      await sink.alter(positions);
    } finally {
      await sink.stop();
    }
  },
  create,
};

function create(options: Readonly<Record<string, string>>) {
  const settings = mysqlSettings(options);
  return new SqlSink(mysqlDatabase(settings), settings);
}
