import type { OptionProblem, OptionSpecs } from '#config/options';
import type { SinkType } from '#pipeline/sink';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { SqlReading, type SqlReadBack } from './read-back.js';
import { jdbcClassNames, type SqlSettings } from './sql-options.js';
import { SqlSink, type SqlDatabase } from './sql-sink.js';
import type { SqlColumn } from './table-writer.js';
import { verifySql, type SqlInspection } from './verify.js';

type Options = Readonly<Record<string, string>>;

export interface SqlSinkParts<C, Column extends SqlColumn, Settings extends SqlSettings> {
  readonly name: string;
  /** Of `connection.url`: the class names of JDBC sinks mean several databases. */
  readonly scheme: RegExp;
  readonly doc: string;
  readonly options: OptionSpecs;
  problems(options: Options): readonly OptionProblem[];
  settings(options: Options): Settings;
  database(settings: Settings): SqlDatabase<C, Column>;
  readonly inspection: SqlInspection<C>;
  readonly readBack: SqlReadBack<C>;
}

/** The kind of sink of one database. */
export function sqlSinkType<C, Column extends SqlColumn, Settings extends SqlSettings>(
  parts: SqlSinkParts<C, Column, Settings>,
): SinkType {
  const create = (options: Options): SqlSink<C, Column> => {
    const settings = parts.settings(options);
    return new SqlSink(parts.database(settings), settings);
  };
  return {
    name: parts.name,
    classNames: jdbcClassNames,
    claims: (options) => parts.scheme.test(options['connection.url']?.trim() ?? ''),
    version: '0.1.0',
    doc: parts.doc,
    options: parts.options,
    check: (options) => parts.problems(options),
    verify(options) {
      const settings = parts.settings(options);
      return verifySql(parts.database(settings), parts.inspection, settings, options);
    },
    guarantee: () => 'exactly-once',
    async alterOffsets(name, options, positions) {
      const sink = create(options);
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
    readBack(options, scope) {
      const settings = parts.settings(options);
      return new SqlReading(parts.database(settings), parts.readBack, settings, scope);
    },
    create,
  };
}
