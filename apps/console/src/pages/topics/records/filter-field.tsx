import { useId } from 'react';

export interface FilterProblem {
  readonly message: string;
  /** Characters of the filter, `[from, to)`. */
  readonly from: number;
  readonly to: number;
}

const examples = 'json.status >= 500 · key == "a" · headers["tenant"] == "x" · value.contains("error")';

/** A filter, with the place of its mistake below it. */
export function FilterField(props: {
  value: string;
  problem: FilterProblem | null;
  onChange: (value: string) => void;
}) {
  const { value, problem, onChange } = props;
  const id = useId();
  return (
    <div className="field records-filter" data-shortcut="filter">
      <label htmlFor={id}>Filter (CEL)</label>
      <input
        id={id}
        className="input mono"
        value={value}
        placeholder='json.status >= 500 && key != "health"'
        autoComplete="off"
        spellCheck={false}
        aria-describedby={problem === null ? `${id}-hint` : `${id}-problem`}
        aria-invalid={problem !== null}
        onChange={(event) => onChange(event.target.value)}
      />
      {problem === null ? (
        <span className="hint" id={`${id}-hint`}>
          {examples}
        </span>
      ) : (
        <span className="wrong" id={`${id}-problem`} role="alert">
          At character {problem.from + 1}: {problem.message}
          <Marked text={value} {...problem} />
        </span>
      )}
    </div>
  );
}

function Marked({ text, from, to }: { text: string; from: number; to: number }) {
  return (
    <code className="records-marked" aria-hidden="true">
      {text.slice(0, from)}
      <mark>{text.slice(from, to) || '␣'}</mark>
      {text.slice(to)}
    </code>
  );
}
