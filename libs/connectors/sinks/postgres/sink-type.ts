import type { SinkType } from '#pipeline/sink';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { postgresOptions, postgresProblems, postgresSettings } from './options.js';
import { PostgresSink } from './postgres-sink.js';

export const postgresSinkType: SinkType = {
  name: 'postgres',
  classNames: ['io.aiven.connect.jdbc.JdbcSinkConnector', 'io.confluent.connect.jdbc.JdbcSinkConnector'],
  version: '0.1.0',
  doc: 'Rows in PostgreSQL from JSON objects: insert or upsert, tables created and widened on demand, each record once.',
  options: postgresOptions,
  check: postgresProblems,
  guarantee: () => 'exactly-once',
  async alterOffsets(name, options, positions) {
    const sink = new PostgresSink(postgresSettings(options));
    try {
      await sink.start({
        name,
        task: 0,
        clock: systemClock,
        logger: silentLogger,
        ownerEpoch: 0,
        stateDirectory: '',
      });
      await sink.alter(positions);
    } finally {
      await sink.stop();
    }
  },
  create: (options) => new PostgresSink(postgresSettings(options)),
};
