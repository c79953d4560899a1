/** The texts of JSON values that stand one after another. What follows the last whole one is given as it is. */
export function* jsonDocuments(text: string): Generator<string> {
  let from = 0;
  let depth = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (isQuoted) {
      if (character === '\\') at += 1;
      else if (character === '"') isQuoted = false;
    } else if (character === '"') isQuoted = true;
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') {
      depth -= 1;
      if (depth === 0) {
        yield text.slice(from, at + 1);
        from = at + 1;
      }
    }
  }
  if (text.slice(from).trim() !== '') yield text.slice(from);
}
