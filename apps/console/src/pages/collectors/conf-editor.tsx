import { useMemo, useState, type ReactNode } from 'react';
import { useGet } from '../../api/queries.js';
import { CodeEditor, type LineMark } from '../../ui/code-editor.js';
import { ErrorNotice } from '../../ui/notices.js';
import type { ComponentKind, Validation } from './collector-api.js';
import { ConfLines } from './conf-lines.js';
import { wordsFor } from './conf-text.js';
import type { Checked } from './use-validation.js';

/** The text with a mark at each line that is wrong, and beside it what every line means here. */
export function ConfEditor(props: {
  label: string;
  text: string;
  checked: Checked;
  /** Absent: it is only shown. */
  onChange?: (text: string) => void;
  /** Above the report. */
  children?: ReactNode;
}) {
  const { label, text, checked, onChange } = props;
  const kinds = useGet<{ data: readonly ComponentKind[] }>('/api/v1/component-types').data?.data;
  const [goTo, setGoTo] = useState<{ line: number } | null>(null);
  const [line, setLine] = useState(1);
  const words = useMemo(() => wordsFor(text, kinds ?? []), [text, kinds]);
  // While typing, marks of the text before would stand at wrong lines.
  const isNewest = checked.text === text;
  const marks = useMemo(
    () => (isNewest && checked.validation !== null ? marksOf(checked.validation) : []),
    [isNewest, checked.validation],
  );
  return (
    <div className="collectors-edit">
      <div className="stack">
        <CodeEditor
          label={label}
          value={text}
          language="properties"
          marks={marks}
          words={words}
          goTo={goTo}
          onLine={setLine}
          {...(onChange === undefined ? {} : { onChange })}
        />
        {onChange === undefined ? null : (
          <p className="quiet">Ctrl-Space offers keys and types; Tab leaves the editor; Ctrl-Z undoes.</p>
        )}
      </div>
      <div className="stack">
        {props.children}
        {checked.error === null ? null : <ErrorNotice error={checked.error} />}
        {checked.validation === null ? (
          <p className="quiet">{text.trim() === '' ? 'What each line means here appears as you type.' : 'Reading …'}</p>
        ) : (
          <ConfLines
            validation={checked.validation}
            isNewest={isNewest}
            current={line}
            text={text}
            onLine={(wanted) => setGoTo({ line: wanted })}
            {...(onChange === undefined ? {} : { onChange })}
          />
        )}
      </div>
    </div>
  );
}

/** A problem at a line that is not there any more, or at none, stands at the first. */
function marksOf({ lines, errors }: Validation): LineMark[] {
  const marks = lines.flatMap(({ line, problems }) =>
    problems.map(({ severity, message, suggestion, flume }) => ({
      line,
      severity,
      message: [message, suggestion === null ? '' : `Did you mean ${suggestion}?`, flume ?? ''].join(' ').trim(),
    })),
  );
  if (errors.length > 0 && marks.every(({ severity }) => severity !== 'error')) {
    return [...errors.map(({ message }) => ({ line: 1, severity: 'error' as const, message })), ...marks];
  }
  return marks;
}
