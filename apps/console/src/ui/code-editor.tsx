/** A text with line numbers and marks; loaded when it is first shown. */
import { lazy, Suspense } from 'react';
import { Loading } from './notices.js';

export interface LineMark {
  /** From 1. */
  readonly line: number;
  readonly severity: 'error' | 'warning' | 'info';
  readonly message: string;
}

export interface CodeEditorProps {
  readonly label: string;
  readonly value: string;
  /** Without it the text is only shown. */
  readonly onChange?: (value: string) => void;
  readonly language: 'properties' | 'json' | 'text';
  readonly marks?: readonly LineMark[];
  /** CSS height. Default `min(60vh, 520px)`. */
  readonly height?: string;
  /** Offered after Ctrl-Space and while typing. */
  readonly words?: readonly string[];
  /** Another object puts the cursor there, and the focus. */
  readonly goTo?: { readonly line: number } | null;
  /** Line of the cursor, from 1, when it has moved to another one. */
  readonly onLine?: (line: number) => void;
}

export interface DiffViewProps {
  readonly label: string;
  readonly before: string;
  readonly after: string;
  readonly language: CodeEditorProps['language'];
}

const Editor = lazy(async () =>
  import('./code-mirror.js').then(({ CodeMirrorEditor }) => ({ default: CodeMirrorEditor })),
);
const Diff = lazy(async () => import('./code-mirror.js').then(({ CodeMirrorDiff }) => ({ default: CodeMirrorDiff })));

export function CodeEditor(props: CodeEditorProps) {
  return (
    <Suspense fallback={<Loading what="the editor" />}>
      <Editor {...props} />
    </Suspense>
  );
}

/** What changes, line by line, unchanged stretches folded. */
export function DiffView(props: DiffViewProps) {
  return (
    <Suspense fallback={<Loading what="the difference" />}>
      <Diff {...props} />
    </Suspense>
  );
}
