/** Headers of an event; those that are not in `before`, or other there, are marked. */
export function Headers(props: {
  headers: Readonly<Record<string, string>>;
  before?: Readonly<Record<string, string>>;
}) {
  const { headers, before } = props;
  const names = Object.keys(headers).sort();
  if (names.length === 0) return <p className="quiet">No headers.</p>;
  return (
    <dl className="collectors-headers">
      {names.map((name) => {
        const isNew = before !== undefined && before[name] !== headers[name];
        return (
          <div key={name} data-new={isNew}>
            <dt>
              {name}
              {isNew ? <span className="unseen"> (set here)</span> : null}
            </dt>
            <dd>{headers[name]}</dd>
          </div>
        );
      })}
    </dl>
  );
}

export function Body({ text, label }: { text: string; label: string }) {
  return (
    <pre tabIndex={0} role="region" aria-label={label}>
      {text === '' ? '(empty)' : text}
    </pre>
  );
}
