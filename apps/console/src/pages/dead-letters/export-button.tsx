import { useState } from 'react';
import type { Page } from '../../api/queries.js';
import { request, urlOf } from '../../api/request.js';
import { Button } from '../../ui/basics.js';
import { formatPlural } from '../../ui/format.js';
import { toast, toastError } from '../../ui/notices.js';
import { dlqPath, type Letter } from './letter-types.js';

/** Held in the browser's memory until they are saved. */
const exportedMax = 10_000;

/** Saves the letters that are shown as lines of JSON. */
export function ExportButton({ sink, query }: { sink: string; query: Readonly<Record<string, string>> }) {
  const [isRunning, setIsRunning] = useState(false);
  const run = async (): Promise<void> => {
    setIsRunning(true);
    try {
      const { lines, isWhole } = await linesOf(urlOf(`${dlqPath(sink)}/records`, { ...query, page_size: 1_000 }));
      save(`${sink}-dead-letters.ndjson`, lines.join(''));
      const rest = isWhole ? '' : ', the first ones; narrow the filter for the others';
      toast(`Saved ${formatPlural(lines.length, 'letter')}${rest}.`, isWhole ? 'good' : 'warn');
    } catch (error) {
      toastError(error);
    } finally {
      setIsRunning(false);
    }
  };
  return (
    <Button isDisabled={isRunning} onPress={() => void run()}>
      Export
    </Button>
  );
}

async function linesOf(first: string): Promise<{ lines: string[]; isWhole: boolean }> {
  const lines: string[] = [];
  let next: string | null = first;
  while (next !== null && lines.length < exportedMax) {
    const page: Page<Letter> = await request<Page<Letter>>('GET', next);
    lines.push(...page.data.map((letter) => `${JSON.stringify(letter)}\n`));
    const { next: following } = page.metadata;
    next = following === null ? null : following.replace(/^https?:\/\/[^/]+/, '');
  }
  return { lines, isWhole: next === null };
}

function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/x-ndjson' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
