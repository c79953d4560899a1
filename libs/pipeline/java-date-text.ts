/** Dates by the patterns of Java's `SimpleDateFormat`, in English and in the time zone of the process: for `${date:…}`. */

const months = 'January February March April May June July August September October November December'.split(' ');
const days = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

/** Null where the pattern has a letter that Java does not know, or an open quote. */
export function javaDateText(pattern: string, timeMs: number): string | null {
  const date = new Date(timeMs);
  let text = '';
  for (const [token] of pattern.matchAll(/'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z']+|'/g)) {
    if (token === "''") text += "'";
    else if (token.length > 1 && token.startsWith("'")) text += token.slice(1, -1).replaceAll("''", "'");
    else if (/^[A-Za-z]/.test(token)) {
      const field = fieldOf(token.charAt(0), token.length, date);
      if (field === null) return null;
      text += field;
    } else if (token === "'") return null;
    else text += token;
  }
  return text;
}

function fieldOf(letter: string, count: number, date: Date): string | null {
  const number = (value: number): string => String(value).padStart(count, '0');
  const hour = date.getHours();
  switch (letter) {
    case 'G':
      return 'AD';
    case 'y':
    case 'Y':
    case 'u': {
      if (letter === 'u') return number(date.getDay() === 0 ? 7 : date.getDay());
      return count === 2 ? String(date.getFullYear() % 100).padStart(2, '0') : number(date.getFullYear());
    }
    case 'M':
    case 'L':
      return count >= 3 ? named(months, date.getMonth(), count) : number(date.getMonth() + 1);
    case 'd':
      return number(date.getDate());
    case 'D':
      return number(dayOfYear(date));
    case 'w':
      return number(Math.floor((dayOfYear(date) + new Date(date.getFullYear(), 0, 1).getDay() - 1) / 7) + 1);
    case 'E':
      return named(days, date.getDay(), count);
    case 'a':
      return hour < 12 ? 'AM' : 'PM';
    case 'H':
      return number(hour);
    case 'k':
      return number(hour === 0 ? 24 : hour);
    case 'K':
      return number(hour % 12);
    case 'h':
      return number(hour % 12 === 0 ? 12 : hour % 12);
    case 'm':
      return number(date.getMinutes());
    case 's':
      return number(date.getSeconds());
    case 'S':
      return number(date.getMilliseconds());
    case 'z':
      return new Intl.DateTimeFormat('en-US', { timeZoneName: count >= 4 ? 'long' : 'short' })
        .formatToParts(date)
        .reduce((zone, part) => (part.type === 'timeZoneName' ? part.value : zone), '');
    case 'Z':
      return offsetText(date, '');
    case 'X':
      if (date.getTimezoneOffset() === 0) return 'Z';
      return count === 1 ? offsetText(date, '').slice(0, 3) : offsetText(date, count === 3 ? ':' : '');
    default:
      return null;
  }
}

function named(names: readonly string[], index: number, count: number): string {
  const name = names[index] ?? '';
  return count >= 4 ? name : name.slice(0, 3);
}

function dayOfYear(date: Date): number {
  const noon = new Date(date.getFullYear(), date.getMonth(), date.getDate(), 12).getTime();
  return Math.round((noon - new Date(date.getFullYear(), 0, 1, 12).getTime()) / 86_400_000) + 1;
}

function offsetText(date: Date, separator: string): string {
  const minutes = -date.getTimezoneOffset();
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(Math.abs(minutes) / 60)}${separator}${two(Math.abs(minutes) % 60)}`;
}
