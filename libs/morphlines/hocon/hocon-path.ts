/** The elements of a path expression: `a."b.c".d` has three. Null where one is empty. */
export function parsePath(written: string): string[] | null {
  const elements: string[] = [];
  let element = '';
  let isQuoted = false;
  for (let at = 0; at <= written.length; at += 1) {
    const next = written[at] ?? '.';
    if (next === '"') {
      const end = closing(written, at);
      if (end < 0) return null;
      try {
        element += JSON.parse(written.slice(at, end)) as string;
      } catch {
        return null;
      }
      isQuoted = true;
      at = end - 1;
    } else if (next === '.') {
      const trimmed = isQuoted ? element : element.trim();
      if (trimmed === '' && !isQuoted) return null;
      elements.push(trimmed);
      element = '';
      isQuoted = false;
    } else if (!isQuoted || next.trim() !== '') {
      element += next;
    }
  }
  return elements;
}

/** A path as text that `parsePath` reads back. */
export function renderPath(path: readonly string[]): string {
  return path.map((element) => (/^[a-zA-Z_][\w-]*$/.test(element) ? element : JSON.stringify(element))).join('.');
}

function closing(written: string, open: number): number {
  for (let end = open + 1; end < written.length; end += 1) {
    if (written[end] === '\\') end += 1;
    else if (written[end] === '"') return end + 1;
  }
  return -1;
}
