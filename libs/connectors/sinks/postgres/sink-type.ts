import type { SinkType } from '#pipeline/sink';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { jdbcClassNames } from '../sql/sql-options.js';
import { SqlSink } from '../sql/sql-sink.js';
import { verifySql } from '../sql/verify.js';
import { postgresInspection } from './inspection.js';
import { postgresOptions, postgresProblems, postgresSettings } from './options.js';
import { postgresDatabase } from './postgres-database.js';

export const postgresSinkType: SinkType = {
  name: 'postgres',
  classNames: jdbcClassNames,
  claims: (options) => /^(?:jdbc:)?postgres(?:ql)?:/i.test(options['connection.url']?.trim() ?? ''),
  version: '0.1.0',
  doc: 'Rows in PostgreSQL from JSON objects: insert, upsert or update, tables created and widened on demand, each record once.',
  options: postgresOptions,
  check: postgresProblems,
  verify(options) {
    const settings = postgresSettings(options);
    return verifySql(postgresDatabase(settings), postgresInspection, settings, options);
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
  const settings = postgresSettings(options);
  return new SqlSink(postgresDatabase(settings), settings);
}
