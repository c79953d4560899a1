/**
 * The product's own log: one line an event, a sentence with its values as fields. Normal operation logs nothing.
 * Rooms take a `Logger` as a parameter; an app makes one with `createLogger`.
 */
export interface Logger {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to every line. */
  child(fields: LogFields): Logger;
}

export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface LoggerOptions {
  /** Takes one finished line, without the newline. */
  readonly write: (line: string) => void;
  /** ISO time of the line. */
  readonly now: () => string;
  readonly fields?: LogFields;
  /** `json`: an object a line, `{"time", "level", "message", …fields}`, for collectors of logs. Default `text`. */
  readonly format?: LogFormat;
}

export type LogFormat = 'text' | 'json';

export function createLogger(options: LoggerOptions): Logger {
  const emit = (level: string, message: string, fields: LogFields | undefined): void => {
    const all = { ...options.fields, ...fields };
    if (options.format === 'json') {
      options.write(JSON.stringify({ time: options.now(), level, message, ...all }));
      return;
    }
    const tail = Object.entries(all)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => ` ${name}=${typeof value === 'string' ? JSON.stringify(value) : String(value)}`)
      .join('');
    options.write(`${options.now()} ${level} ${message.replaceAll('\n', ' ')}${tail}`);
  };
  return {
    info: (message, fields) => emit('info', message, fields),
    warn: (message, fields) => emit('warn', message, fields),
    error: (message, fields) => emit('error', message, fields),
    child: (fields) => createLogger({ ...options, fields: { ...options.fields, ...fields } }),
  };
}

export const silentLogger: Logger = {
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};
