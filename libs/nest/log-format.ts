import type { LogFormat } from '#std/log';

export const logFormatVariable = 'MILLRACE_LOG_FORMAT';

/** How this process writes its log: the variable MILLRACE_LOG_FORMAT, `text` or `json`. Throws a sentence where it is neither. */
export function logFormat(environment: Readonly<Record<string, string | undefined>> = process.env): LogFormat {
  const given = environment[logFormatVariable] || 'text';
  if (given === 'text' || given === 'json') return given;
  throw new Error(`${logFormatVariable} must be text or json, and is "${given}"`);
}
