/**
 * The fields of one line of CSV (RFC 4180): a field may stand in quotes, and a quote in it is doubled. Null where a quoted field does not
 * end, or something else than the separator follows it.
 */
export function csvFields(line: string, separator: string, quote: string): string[] | null {
  if (quote === '' || !line.includes(quote)) return line.split(separator);
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (!line.startsWith(quote, at)) {
      const end = line.indexOf(separator, at);
      fields.push(end < 0 ? line.slice(at) : line.slice(at, end));
      if (end < 0) return fields;
      at = end + separator.length;
      continue;
    }
    let text = '';
    at += quote.length;
    for (;;) {
      const end = line.indexOf(quote, at);
      if (end < 0) return null;
      text += line.slice(at, end);
      at = end + quote.length;
      if (!line.startsWith(quote, at)) break;
      text += quote;
      at += quote.length;
    }
    fields.push(text);
    if (at >= line.length) return fields;
    if (!line.startsWith(separator, at)) return null;
    at += separator.length;
  }
}
