import { useEffect, useRef, useState } from 'react';
import { Badge, Button, type Tone } from '../../ui/basics.js';
import { SelectField } from '../../ui/fields.js';
import { formatPlural } from '../../ui/format.js';
import type { ConfLine, Validation } from './collector-api.js';
import { corrected } from './conf-text.js';

type Shown = 'all' | 'problems' | 'replaced' | 'ignored';
const shownMax = 400;

/** A flume.conf line by line: what each key is here, what is wrong with it, and what was probably meant. */
export function ConfLines(props: {
  validation: Validation;
  /** False while a newer text is being read. */
  isNewest: boolean;
  /** Of the cursor. */
  current: number;
  text: string;
  onLine: (line: number) => void;
  onChange?: (text: string) => void;
}) {
  const { validation, isNewest, current, text, onChange } = props;
  const [shown, setShown] = useState<Shown>('all');
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const list = frame.current;
    const line = list?.querySelector<HTMLElement>('[data-current="true"]');
    if (list === null || line === null || line === undefined) return;
    // Only the list itself moves, not the page.
    if (line.offsetTop < list.scrollTop || line.offsetTop + line.offsetHeight > list.scrollTop + list.clientHeight) {
      list.scrollTop = Math.max(0, line.offsetTop - list.clientHeight / 3);
    }
  }, [current]);
  const { counts, lines, errors, valid } = validation;
  const isAtLines = lines.some(({ verdict }) => verdict === 'error');
  const wanted = lines.filter((line) => isWanted(line, shown));
  return (
    <section className="stack" aria-label="What each line means">
      <div role="status" className="row">
        {valid ? <Badge tone="good">it would run</Badge> : <Badge tone="bad">it would not run</Badge>}
        <span className="quiet">{isNewest ? summaryOf(counts, lines) : 'reading what you typed …'}</span>
      </div>
      {isAtLines ? null : (
        <ul>
          {errors.map(({ message }) => (
            <li key={message} className="notice" data-tone="bad">
              {message}
            </li>
          ))}
        </ul>
      )}
      <SelectField
        label="Lines"
        value={shown}
        onChange={setShown}
        options={[
          { value: 'all', label: 'all' },
          { value: 'problems', label: 'with errors and warnings' },
          { value: 'replaced', label: 'known here under another name' },
          { value: 'ignored', label: 'ignored' },
        ]}
      />
      <div
        className="collectors-lines"
        ref={frame}
        tabIndex={0}
        role="region"
        aria-label="Report by line"
        style={{ position: 'relative' }}
      >
        {wanted.slice(0, shownMax).map((line) => (
          <div key={`${line.line} ${line.key}`} className="collectors-line" data-current={line.line === current}>
            <Button tone="quiet" aria-label={`Go to line ${line.line}`} onPress={() => props.onLine(line.line)}>
              {line.line}
            </Button>
            <div className="stack" style={{ gap: 2 }}>
              <p>
                <Badge tone={toneOf(line)}>{verdictOf(line)}</Badge> <code>{line.key}</code>
              </p>
              <p className="quiet">
                {line.component === null ? '' : `${line.component}: `}
                {line.maps_to}
              </p>
              {line.problems.map((problem) => {
                const better = isNewest && onChange !== undefined ? corrected(text, line.line, problem) : null;
                return (
                  <p key={problem.message}>
                    {problem.message}{' '}
                    {problem.suggestion === null ? null : <strong>Did you mean {problem.suggestion}?</strong>}{' '}
                    {problem.flume === null ? null : <span className="quiet">{problem.flume}</span>}
                    {better === null ? null : (
                      <>
                        {' '}
                        <Button onPress={() => onChange?.(better)}>Use {problem.suggestion}</Button>
                      </>
                    )}
                  </p>
                );
              })}
            </div>
          </div>
        ))}
        {wanted.length === 0 ? <p className="collectors-line quiet">None.</p> : null}
        {wanted.length > shownMax ? (
          <p className="collectors-line quiet">
            {formatPlural(wanted.length - shownMax, 'further line')}: choose fewer above.
          </p>
        ) : null}
      </div>
    </section>
  );
}

function isWanted({ verdict, replaced }: ConfLine, shown: Shown): boolean {
  switch (shown) {
    case 'all':
      return true;
    case 'problems':
      return verdict === 'error' || verdict === 'warning';
    case 'replaced':
      return replaced;
    case 'ignored':
      return verdict === 'ignored';
  }
}

function verdictOf({ verdict, replaced }: ConfLine): string {
  if (verdict === 'ok') return replaced ? 'replaced' : 'mapped';
  return verdict;
}

function toneOf({ verdict, replaced }: ConfLine): Tone {
  if (verdict === 'ok') return replaced ? 'accent' : 'good';
  return verdict === 'error' ? 'bad' : verdict === 'warning' ? 'warn' : 'idle';
}

function summaryOf(counts: Readonly<Record<string, number>>, lines: readonly ConfLine[]): string {
  const replaced = lines.filter((line) => line.replaced && line.verdict === 'ok').length;
  const words = [
    `${(counts['ok'] ?? 0) - replaced} mapped`,
    `${replaced} replaced`,
    `${counts['ignored'] ?? 0} ignored`,
    formatPlural(counts['warning'] ?? 0, 'warning'),
    formatPlural(counts['error'] ?? 0, 'error'),
  ];
  return words.join(', ');
}
