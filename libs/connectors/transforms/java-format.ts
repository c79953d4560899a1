import { SimpleDateFormat } from '#morphlines/time/simple-date-format';
import { messageOf } from '#std/errors';

/** A pattern of Java's SimpleDateFormat, in UTC and English. Throws where the pattern is none. */
export function javaFormat(pattern: string): SimpleDateFormat {
  return SimpleDateFormat.compile(pattern, 'UTC', '');
}

/** For an option's `check`. */
export function checkJavaFormat(pattern: string): string | null {
  try {
    if (pattern.trim() !== '') javaFormat(pattern);
    return null;
  } catch (error) {
    return `must be a pattern of java.text.SimpleDateFormat: ${messageOf(error)}`;
  }
}
