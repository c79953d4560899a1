import { sqlSinkType } from '../sql/sql-sink-type.js';
import { postgresInspection } from './inspection.js';
import { postgresOptions, postgresProblems, postgresSettings } from './options.js';
import { postgresDatabase } from './postgres-database.js';
import { postgresReadBack } from './read-back.js';

export const postgresSinkType = sqlSinkType({
  name: 'postgres',
  scheme: /^(?:jdbc:)?postgres(?:ql)?:/i,
  doc: 'Rows in PostgreSQL from JSON objects: insert, upsert or update, tables created and widened on demand, each record once.',
  options: postgresOptions,
  problems: postgresProblems,
  settings: postgresSettings,
  database: postgresDatabase,
  inspection: postgresInspection,
  readBack: postgresReadBack,
});
