import { sqlSinkType } from '../sql/sql-sink-type.js';
import { mysqlInspection } from './inspection.js';
import { mysqlDatabase } from './mysql-database.js';
import { mysqlOptions, mysqlProblems, mysqlSettings } from './options.js';
import { mysqlReadBack } from './read-back.js';

export const mysqlSinkType = sqlSinkType({
  name: 'mysql',
  scheme: /^(?:jdbc:)?(?:mysql|mariadb):/i,
  doc: 'Rows in MySQL or MariaDB from JSON objects: insert, upsert or update, tables created and widened on demand, each record once.',
  options: mysqlOptions,
  problems: mysqlProblems,
  settings: mysqlSettings,
  database: mysqlDatabase,
  inspection: mysqlInspection,
  readBack: mysqlReadBack,
});
