import type { Logger } from '#std/log';
import { configSource, type ConfigEntry } from './config-entries.js';

/** Kafka's levels, the loudest first. */
export const logLevels = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const;
export type LogLevelName = (typeof logLevels)[number];

/** The one logger that there is, by Kafka's name for it. */
export const rootLogger = 'root';

/** From which level on the broker's lines are written; altered while it runs, and INFO again after a restart, as in Kafka. */
export class LogLevel {
  name: LogLevelName = 'INFO';

  lets(level: LogLevelName): boolean {
    return logLevels.indexOf(level) >= logLevels.indexOf(this.name);
  }
}

export function leveled(logger: Logger, level: LogLevel): Logger {
  return {
    info(message, fields) {
      if (level.lets('INFO')) logger.info(message, fields);
    },
    warn(message, fields) {
      if (level.lets('WARN')) logger.warn(message, fields);
    },
    error(message, fields) {
      if (level.lets('ERROR')) logger.error(message, fields);
    },
    child: (fields) => leveled(logger.child(fields), level),
  };
}

export function isLogLevel(name: string): name is LogLevelName {
  return logLevels.some((level) => level === name);
}

export function describeLoggers(level: LogLevel): ConfigEntry[] {
  return [
    {
      name: rootLogger,
      value: level.name,
      readOnly: false,
      configSource: configSource.dynamicLogger,
      isSensitive: false,
      synonyms: [],
      configType: 0,
      documentation: '',
    },
  ];
}
