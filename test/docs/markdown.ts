export interface CodeBlock {
  readonly text: string;
  /** Of its first line, from 1. */
  readonly line: number;
}

/** Fenced blocks of one language, in order. */
export function codeBlocks(markdown: string, language: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { text: string[]; line: number } | null = null;
  for (const [index, line] of markdown.split('\n').entries()) {
    if (open === null) {
      if (line === `\`\`\`${language}`) open = { text: [], line: index + 2 };
    } else if (line === '```') {
      blocks.push({ text: open.text.join('\n'), line: open.line });
      open = null;
    } else {
      open.text.push(line);
    }
  }
  return blocks;
}
