import type { Logger } from './log.js';

/** From the loudest to silence; the log has no lines below `info`, so that all levels down there are one. */
export const logLevels = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL', 'OFF'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Which lines of a log are written; can be changed while it is written. */
export class LogThreshold {
  private shown: LogLevel = 'INFO';
  private changedAt: number | null = null;

  get level(): LogLevel {
    return this.shown;
  }

  /** Wall time of the last change, ms; null: it is as it was at first. */
  get changedAtMs(): number | null {
    return this.changedAt;
  }

  set(level: LogLevel, nowMs: number): void {
    this.shown = level;
    this.changedAt = nowMs;
  }

  shows(level: LogLevel): boolean {
    return logLevels.indexOf(level) >= logLevels.indexOf(this.shown);
  }
}

/** Writes to `logger` what the threshold lets through now. */
export function withThreshold(logger: Logger, threshold: LogThreshold): Logger {
  return {
    info(message, fields) {
      if (threshold.shows('INFO')) logger.info(message, fields);
    },
    warn(message, fields) {
      if (threshold.shows('WARN')) logger.warn(message, fields);
    },
    error(message, fields) {
      if (threshold.shows('ERROR')) logger.error(message, fields);
    },
    child: (fields) => withThreshold(logger.child(fields), threshold),
  };
}
