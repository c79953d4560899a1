import { readFileSync } from 'node:fs';
import { MillraceError, type ErrorKind } from '#std/errors';
import { decodeProperties, parseProperties } from '#pipeline/flume-properties';

export const settingsFileErrors = {
  unreadable: { code: 'nest.settings_file.unreadable', retriable: false },
} satisfies Record<string, ErrorKind>;

/**
 * The settings in a file in the syntax of Kafka's `server.properties` and `client.properties`; the last of a name counts. `variable` is what
 * names the file, for error sentences.
 */
export function readSettingsFile(variable: string, path: string): Record<string, string> {
  let text: string;
  try {
    text = decodeProperties(readFileSync(path));
  } catch (error) {
    throw new MillraceError(settingsFileErrors.unreadable, `${variable}: ${path} cannot be read.`, {
      cause: error,
    });
  }
  const { entries, malformed } = parseProperties(text, path);
  const [wrong] = malformed;
  if (wrong !== undefined) {
    throw new MillraceError(
      settingsFileErrors.unreadable,
      `${path}, line ${wrong.line}: \\u needs four hexadecimal digits.`,
    );
  }
  return Object.fromEntries(entries.map(({ key, value }) => [key, value]));
}
