/** Reads times by the patterns of Joda-Time (`yyyy-MM-dd HH:mm:ss.SSS`), in the zone of this machine unless the text names an offset. */
export class JodaPattern {
  private constructor(
    private readonly expression: RegExp,
    private readonly fields: readonly string[],
  ) {}

  /** Throws an Error whose message says what is wrong with the pattern. */
  static compile(pattern: string): JodaPattern {
    const tokens = tokenize(pattern);
    const fields: string[] = [];
    let source = '';
    for (const [index, token] of tokens.entries()) {
      if (token.letter === null) {
        source += token.text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
        continue;
      }
      const isNextDigits = /^[yYuMdHhkKmsS]$/.test(tokens[index + 1]?.letter ?? '');
      source += `(${fieldSource(token.letter, token.text.length, isNextDigits)})`;
      const isYear = 'yYu'.includes(token.letter);
      fields.push(isYear && token.text.length === 2 ? 'yy' : isYear ? 'y' : token.letter);
    }
    return new JodaPattern(new RegExp(`^${source}$`, 'i'), fields);
  }

  /** Milliseconds since the epoch, or null where the text does not fit the pattern or names no time there is. */
  parse(text: string, nowMs: number): number | null {
    const match = this.expression.exec(text);
    if (match === null) return null;
    const values = new Map(this.fields.map((field, index) => [field, match[index + 1] ?? '']));
    const number = (field: string): number | null => {
      const value = values.get(field);
      return value === undefined ? null : Number(value);
    };
    const twoDigitYear = number('yy');
    const year = number('y') ?? (twoDigitYear === null ? null : nearYear(twoDigitYear, nowMs)) ?? 2000;
    const month = monthOf(values.get('M'));
    const day = number('d') ?? 1;
    const hour = hourOf(number, values.get('a') ?? null);
    const minute = number('m') ?? 0;
    const second = number('s') ?? 0;
    const isReal = month !== null && month < 12 && day >= 1 && day <= 31 && hour < 24 && minute < 60 && second < 60;
    if (!isReal) return null;
    const fraction = Math.floor(Number(`0.${values.get('S') ?? '0'}`) * 1000 + 1e-9);
    const offset = values.get('Z');
    if (offset !== undefined) {
      return Date.UTC(year, month, day, hour, minute, second, fraction) - offsetMinutes(offset) * 60_000;
    }
    return new Date(year, month, day, hour, minute, second, fraction).getTime();
  }
}

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

interface Token {
  /** Null for literal text. */
  readonly letter: string | null;
  readonly text: string;
}

function tokenize(pattern: string): Token[] {
  const tokens: Token[] = [];
  for (const [text] of pattern.matchAll(/'(?:[^']|'')*'|([a-zA-Z])\1*|[^a-zA-Z']/gs)) {
    if (/^[a-zA-Z]/.test(text)) tokens.push({ letter: text[0] ?? '', text });
    else if (text === "''") tokens.push({ letter: null, text: "'" });
    else tokens.push({ letter: null, text: text.startsWith("'") ? text.slice(1, -1).replaceAll("''", "'") : text });
  }
  return tokens;
}

function fieldSource(letter: string, length: number, isNextDigits: boolean): string {
  switch (letter) {
    case 'y':
    case 'Y':
    case 'u':
      return isNextDigits ? `\\d{${length}}` : length === 2 ? '\\d{2}' : '\\d{1,9}';
    case 'M':
      return length >= 3 ? '[a-z]{3,9}' : '\\d{1,2}';
    case 'd':
    case 'H':
    case 'h':
    case 'k':
    case 'K':
    case 'm':
    case 's':
      return '\\d{1,2}';
    case 'S':
      return `\\d{1,${length}}`;
    case 'a':
      return 'am|pm';
    case 'E':
      return '[a-z]+';
    case 'Z':
      return 'Z|[+-]\\d{2}:?\\d{2}';
    default:
      throw new Error(`the letter "${letter}" is not supported`);
  }
}

function monthOf(text: string | undefined): number | null {
  if (text === undefined) return 0;
  if (/^\d/.test(text)) return Number(text) >= 1 ? Number(text) - 1 : null;
  const month = monthNames.indexOf(text.slice(0, 3).toLowerCase());
  return month < 0 ? null : month;
}

function hourOf(number: (field: string) => number | null, half: string | null): number {
  const twelve = number('K') ?? (number('h') ?? 0) % 12;
  if (number('K') !== null || number('h') !== null) return twelve + (half?.toLowerCase() === 'pm' ? 12 : 0);
  return number('H') ?? (number('k') ?? 0) % 24;
}

function offsetMinutes(text: string): number {
  if (text.toUpperCase() === 'Z') return 0;
  const minutes = Number(text.slice(1, 3)) * 60 + Number(text.slice(-2));
  return text.startsWith('-') ? -minutes : minutes;
}

/** Joda takes a year of two digits as the one within 50 years of now. */
function nearYear(twoDigits: number, nowMs: number): number {
  const from = new Date(nowMs).getFullYear() - 50;
  return from + ((((twoDigits - from) % 100) + 100) % 100);
}
