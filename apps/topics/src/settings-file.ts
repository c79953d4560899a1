import { readFileSync } from 'node:fs';
import { MillraceError, type ErrorKind } from '#std/errors';
import { decodeProperties, parseProperties } from '#pipeline/flume-properties';

export const settingsFileErrors = {
  unreadable: { code: 'topics.settings_file.unreadable', retriable: false },
} satisfies Record<string, ErrorKind>;

/** The settings in a file in the syntax of Kafka's `server.properties`; the last of a name counts. */
export function readSettingsFile(path: string): Record<string, string> {
  let text: string;
  try {
    text = decodeProperties(readFileSync(path));
  } catch (error) {
    throw new MillraceError(settingsFileErrors.unreadable, `TOPICS_PROPERTIES: ${path} cannot be read.`, {
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
