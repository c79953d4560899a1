import { StepCommand } from '../chained-command.js';
import type { CommandType } from '../command.js';
import { javaText } from '../java-value.js';
import { fields } from '../record.js';
import { SimpleDateFormat } from '../time/simple-date-format.js';

interface TimeFormat {
  /** Milliseconds since the epoch, or null. */
  parse(text: string): number | null;
  format(timeMs: number): string;
}

const solrFormat = "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'";

const defaultFormats = [
  solrFormat,
  "yyyy-MM-dd'T'HH:mm:ss'Z'",
  "yyyy-MM-dd'T'HH:mm:ss",
  'yyyy-MM-dd',
  'yyyy-MM-dd hh:mm:ss',
  'yyyy-MM-dd HH:mm:ss',
  'EEE MMM d hh:mm:ss z yyyy',
  'EEE MMM d HH:mm:ss yyyy',
  'EEEE, dd-MMM-yy HH:mm:ss zzz',
  'EEE, dd MMM yyyy HH:mm:ss zzz',
];

/** Writes the times in a field another way. The first input format that fits a whole text counts; a text that none fits fails the record. */
export const convertTimestamp: CommandType = {
  name: 'convertTimestamp',
  className: 'org.kitesdk.morphline.stdlib.ConvertTimestampBuilder',
  create({ arguments: args, child }) {
    const formatOf = (pattern: string, side: 'input' | 'output', name: string): TimeFormat => {
      const zone = args.string(`${side}Timezone`, 'UTC');
      const locale = args.string(`${side}Locale`, '');
      const unitMs = unixUnits.get(pattern);
      if (unitMs === undefined)
        return args.attempt(name, pattern, () => SimpleDateFormat.compile(pattern, zone, locale));
      if (zone !== 'UTC') args.fail(`${pattern} is in UTC, so that ${side}Timezone has to be UTC`, name);
      return unixTime(unitMs);
    };
    const field = args.string('field', fields.timestamp);
    const inputs = args
      .strings('inputFormats', defaultFormats)
      .map((pattern) => formatOf(pattern, 'input', 'inputFormats'));
    for (const name of ['inputTimezone', 'inputLocale']) args.optionalString(name);
    const output = formatOf(args.string('outputFormat', solrFormat), 'output', 'outputFormat');
    return new StepCommand(child, (record) =>
      record.transform(field, (value) => {
        const text = javaText(value);
        for (const input of inputs) {
          const timeMs = input.parse(text);
          if (timeMs !== null) return output.format(timeMs);
        }
        return null;
      }),
    );
  },
};

const unixUnits: ReadonlyMap<string, number> = new Map([
  ['unixTimeInMillis', 1],
  ['unixTimeInSeconds', 1000],
]);

function unixTime(unitMs: number): TimeFormat {
  return {
    parse: (text) => (/^[+-]?\d{1,15}$/.test(text) ? Number(text) * unitMs : null),
    format: (timeMs) => String(Math.trunc(timeMs / unitMs)),
  };
}
