/** What the server answers about dead letters, and the words for it. */
import type { z } from 'zod';
import type {
  DiscardPlanView,
  LetterView,
  NeighbourView,
  RedrivePlanView,
  SummaryView,
} from '../../../../admin/src/v1/dlq/dead-letter-schemas.js';
import type { Tone } from '../../ui/basics.js';

export type Letter = z.infer<typeof LetterView>;
export type LetterState = Letter['state'];
export type Content = Letter['value'];
export type Summary = z.infer<typeof SummaryView>;
export type LetterGroup = Summary['groups'][number];
export type Neighbour = z.infer<typeof NeighbourView>;
export type RedrivePlan = z.infer<typeof RedrivePlanView>;
export type DiscardPlan = z.infer<typeof DiscardPlanView>;

export interface Place {
  readonly partition: number;
  readonly offset: number;
}

export interface SubmittedJob {
  readonly id: string;
}

export function dlqPath(sink: string): string {
  return `/api/v1/sinks/${encodeURIComponent(sink)}/dlq`;
}

export function sinkLink(sink: string): string {
  return `/dead-letters/${encodeURIComponent(sink)}`;
}

export function letterLink(sink: string, { partition, offset }: Place): string {
  return `${sinkLink(sink)}/${partition}/${offset}`;
}

/** The record in the browser of messages. */
export function recordLink(topic: string, { partition, offset }: Place): string {
  return `/topics/${encodeURIComponent(topic)}/records?partition=${partition}&offset=${offset}`;
}

export const stateTones: Readonly<Record<LetterState, Tone>> = {
  open: 'bad',
  sending: 'warn',
  redriven: 'good',
  discarded: 'idle',
};

const stages: Readonly<Record<string, string>> = {
  VALUE_CONVERTER: 'The value could not be read',
  KEY_CONVERTER: 'The key could not be read',
  HEADER_CONVERTER: 'The headers could not be read',
  TRANSFORMATION: 'A transform failed',
  TASK_PUT: 'The store refused it',
};

/** Where on its way it died, in words. */
export function stageInWords(stage: string | null): string {
  return stage === null ? 'Not known' : (stages[stage] ?? stage);
}

/** Text of a key or a value on one line; bytes that are no text as base64. */
export function contentText(content: Content): string {
  return content === null ? '' : (content.text ?? content.base64 ?? '');
}

/** JSON on lines of its own, also where it breaks off, so that two values can be compared; anything else as it is. */
export function contentLines(content: Content): string {
  const text = contentText(content);
  return /^\s*[[{]/.test(text) ? brokenInLines(text) : text;
}

function brokenInLines(text: string): string {
  let [lines, depth, isInString] = ['', 0, false];
  const onNewLine = (): string => `\n${'  '.repeat(Math.max(0, depth))}`;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (isInString) {
      lines += char;
      if (char === '\\') lines += text[(at += 1)] ?? '';
      else if (char === '"') isInString = false;
    } else if (char === '"') {
      isInString = true;
      lines += char;
    } else if (char === '{' || char === '[') {
      depth += 1;
      lines += char + onNewLine();
    } else if (char === '}' || char === ']') {
      depth -= 1;
      lines += onNewLine() + char;
    } else if (char === ',') lines += char + onNewLine();
    else if (char === ':') lines += ': ';
    else if (!/\s/.test(char)) lines += char;
  }
  return lines;
}
