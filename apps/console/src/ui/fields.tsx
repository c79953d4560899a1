/** Labelled native controls; hints and errors are tied to them for screen readers. */
import { useId, type ReactNode } from 'react';

interface FieldProps {
  readonly label: string;
  readonly hint?: ReactNode;
  /** What is wrong with the value. */
  readonly problem?: string | null;
}

interface ValueProps<T> extends FieldProps {
  readonly value: T;
  readonly onChange: (value: T) => void;
}

function Frame({ id, label, hint, problem, children }: FieldProps & { id: string; children: ReactNode }) {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children}
      {hint === undefined ? null : (
        <span className="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {problem === undefined || problem === null ? null : (
        <span className="wrong" id={`${id}-problem`} role="alert">
          {problem}
        </span>
      )}
    </div>
  );
}

function described(id: string, { hint, problem }: FieldProps): object {
  const hasProblem = problem !== undefined && problem !== null;
  const ids = [...(hint === undefined ? [] : [`${id}-hint`]), ...(hasProblem ? [`${id}-problem`] : [])];
  return {
    ...(ids.length === 0 ? {} : { 'aria-describedby': ids.join(' ') }),
    ...(hasProblem ? { 'aria-invalid': true } : {}),
  };
}

export function TextField(
  props: ValueProps<string> & {
    type?: 'text' | 'password' | 'number' | 'search' | 'datetime-local';
    placeholder?: string;
    isRequired?: boolean;
    isDisabled?: boolean;
    /** What a password manager may fill in, as in HTML. Default: nothing. */
    autoComplete?: string;
    hasFocus?: boolean;
  },
) {
  const id = useId();
  return (
    <Frame id={id} {...props}>
      <input
        id={id}
        className="input"
        type={props.type ?? 'text'}
        value={props.value}
        placeholder={props.placeholder}
        required={props.isRequired}
        disabled={props.isDisabled}
        autoComplete={props.autoComplete ?? 'off'}
        autoFocus={props.hasFocus}
        spellCheck={false}
        onChange={(event) => props.onChange(event.target.value)}
        {...described(id, props)}
      />
    </Frame>
  );
}

export function TextArea(props: ValueProps<string> & { rows?: number; placeholder?: string }) {
  const id = useId();
  return (
    <Frame id={id} {...props}>
      <textarea
        id={id}
        className="input"
        rows={props.rows ?? 6}
        value={props.value}
        placeholder={props.placeholder}
        spellCheck={false}
        onChange={(event) => props.onChange(event.target.value)}
        {...described(id, props)}
      />
    </Frame>
  );
}

export function SelectField<T extends string>(
  props: ValueProps<T> & { options: readonly (T | { readonly value: T; readonly label: string })[] },
) {
  const id = useId();
  return (
    <Frame id={id} {...props}>
      <select
        id={id}
        className="input"
        value={props.value}
        onChange={(event) => props.onChange(event.target.value as T)}
        {...described(id, props)}
      >
        {props.options.map((option) => {
          const { value, label } = typeof option === 'string' ? { value: option, label: option } : option;
          return (
            <option key={value} value={value}>
              {label}
            </option>
          );
        })}
      </select>
    </Frame>
  );
}

export function CheckField(props: { label: ReactNode; value: boolean; onChange: (value: boolean) => void }) {
  return (
    <label className="check">
      <input type="checkbox" checked={props.value} onChange={(event) => props.onChange(event.target.checked)} />
      <span>{props.label}</span>
    </label>
  );
}
