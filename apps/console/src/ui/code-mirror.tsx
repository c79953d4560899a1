import { autocompletion, completeAnyWord, completeFromList, type CompletionSource } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { HighlightStyle, StreamLanguage, syntaxHighlighting } from '@codemirror/language';
import { properties } from '@codemirror/legacy-modes/mode/properties';
import { lintGutter, setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { unifiedMergeView } from '@codemirror/merge';
import { EditorState, type Extension, type Text } from '@codemirror/state';
import { EditorView, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { useEffect, useRef } from 'react';
import type { CodeEditorProps, DiffViewProps, LineMark } from './code-editor.js';

const colours = HighlightStyle.define([
  { tag: tags.comment, color: 'var(--text-quiet)', fontStyle: 'italic' },
  { tag: [tags.propertyName, tags.definition(tags.name)], color: 'var(--accent)' },
  { tag: [tags.string, tags.quote], color: 'var(--series-3)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--series-4)' },
]);

const look = EditorView.theme({
  '&': { backgroundColor: 'var(--surface-raised)', color: 'var(--text)', fontSize: '12.5px', height: '100%' },
  '.cm-scroller': { fontFamily: 'var(--mono)' },
  '.cm-gutters': {
    backgroundColor: 'var(--surface-sunken)',
    color: 'var(--text-quiet)',
    borderRight: '1px solid var(--line)',
  },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'var(--accent-soft) !important' },
  '.cm-tooltip': { backgroundColor: 'var(--surface-raised)', color: 'var(--text)', border: '1px solid var(--line)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--accent-soft)', color: 'var(--text)' },
  '.cm-changedLine': { backgroundColor: 'var(--added) !important' },
  '.cm-deletedChunk': { backgroundColor: 'var(--removed)' },
  '.cm-changedText': { background: 'none', textDecoration: 'underline' },
  // Under the colours of the syntax, its own red is too dark to read.
  '.cm-deletedChunk .cm-deletedText': { background: 'none !important', textDecoration: 'underline' },
});

const languages: Readonly<Record<CodeEditorProps['language'], () => Extension>> = {
  properties: () => StreamLanguage.define(properties),
  json: () => json(),
  text: () => [],
};

function base(label: string, language: CodeEditorProps['language']): Extension[] {
  return [
    lineNumbers(),
    history(),
    // Tab leaves the editor: it is not a trap (WCAG 2.1.2).
    keymap.of([...defaultKeymap, ...historyKeymap]),
    languages[language](),
    syntaxHighlighting(colours),
    look,
    EditorView.lineWrapping,
    // The text is what gets the focus, also where it is only shown: it scrolls by keys.
    EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
  ];
}

export function CodeMirrorEditor(props: CodeEditorProps) {
  const { label, value, onChange, language, marks = [], height = 'min(60vh, 520px)', words, goTo = null } = props;
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const change = useRef(onChange);
  change.current = onChange;
  const lineMoved = useRef(props.onLine);
  lineMoved.current = props.onLine;
  const offered = useRef(words);
  offered.current = words;
  const isReadOnly = onChange === undefined;
  useEffect(() => {
    if (place.current === null) return;
    const made = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: value,
        extensions: [
          ...base(label, language),
          ...(isReadOnly
            ? [EditorState.readOnly.of(true)]
            : [autocompletion({ override: [(context) => completionsOf(offered.current)(context)] })]),
          lintGutter(),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) change.current?.(update.state.doc.toString());
            if (!update.selectionSet && !update.docChanged) return;
            const [line, before] = [lineOfCursor(update.state), lineOfCursor(update.startState)];
            if (line !== before) lineMoved.current?.(line);
          }),
        ],
      }),
    });
    view.current = made;
    return () => {
      made.destroy();
      view.current = null;
    };
    // The value goes in below: another one is no other editor.
  }, [label, language, isReadOnly]);
  useEffect(() => {
    const editor = view.current;
    if (editor === null || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);
  useEffect(() => {
    const editor = view.current;
    if (editor === null) return;
    editor.dispatch(setDiagnostics(editor.state, diagnosticsOf(editor.state.doc, marks)));
  }, [marks, value]);
  useEffect(() => {
    const editor = view.current;
    if (editor === null || goTo === null || goTo.line > editor.state.doc.lines) return;
    const { from } = editor.state.doc.line(goTo.line);
    editor.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: 'center' }) });
    editor.focus();
  }, [goTo]);
  return <div ref={place} className="code-editor" style={{ height }} />;
}

function completionsOf(words: readonly string[] | undefined): CompletionSource {
  return words === undefined || words.length === 0 ? completeAnyWord : completeFromList([...words]);
}

function lineOfCursor(state: EditorState): number {
  return state.doc.lineAt(state.selection.main.head).number;
}

function diagnosticsOf(text: Text, marks: readonly LineMark[]): Diagnostic[] {
  return marks
    .filter(({ line }) => line >= 1 && line <= text.lines)
    .map(({ line, severity, message }) => {
      const { from, to } = text.line(line);
      return { from, to, severity, message };
    })
    .toSorted((left, right) => left.from - right.from);
}

export function CodeMirrorDiff({ label, before, after, language }: DiffViewProps) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (place.current === null) return;
    const view = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: after,
        extensions: [
          ...base(label, language),
          EditorState.readOnly.of(true),
          unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged: { margin: 3, minSize: 6 } }),
        ],
      }),
    });
    return () => view.destroy();
  }, [label, before, after, language]);
  return <div ref={place} className="code-editor" style={{ maxHeight: '60vh', overflow: 'auto' }} />;
}
