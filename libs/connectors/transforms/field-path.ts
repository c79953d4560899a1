/**
 * Kafka's field paths (KIP-821). V1 is one name. V2 separates names by dots; a name with dots is put between backticks, and a backtick inside
 * them that a dot follows is written with a backslash. Throws where a backtick is not closed.
 */
export function fieldPath(text: string, version: 'V1' | 'V2'): readonly string[] {
  if (version === 'V1') return [text];
  const steps: string[] = [];
  let at = 0;
  while (at < text.length) {
    if (text[at] === '`') {
      const quoted = readQuoted(text, at);
      steps.push(quoted.name);
      at = quoted.next;
    } else {
      const dot = text.indexOf('.', at);
      steps.push(dot < 0 ? text.slice(at) : text.slice(at, dot));
      at = dot < 0 ? text.length : dot + 1;
    }
  }
  if (text.endsWith('.')) steps.push('');
  return steps;
}

/** The name between backticks at `start`, and where the next one begins. Only a backtick before a dot or at the end closes. */
function readQuoted(text: string, start: number): { name: string; next: number } {
  let name = '';
  let from = start + 1;
  let at = from;
  for (;;) {
    at = text.indexOf('`', at);
    const isEscaped = at > 0 && text[at - 1] === '\\';
    const isLast = at >= text.length - 1;
    if (at < 0 || (isLast && isEscaped)) {
      throw new Error(
        `Incomplete backtick pair in path: [${text}], consider adding a backslash before backtick at position ${start} to escape it`,
      );
    }
    if (isLast) return { name: name + text.slice(from, at), next: at + 1 };
    if (text[at + 1] === '.') {
      if (!isEscaped) return { name: name + text.slice(from, at), next: at + 2 };
      name += `${text.slice(from, at - 1)}\``;
      from = at + 1;
    }
    at += 1;
  }
}
