/** JSON with parts that fold; native disclosure, so that keys and screen readers know it. */
const childrenMax = 200;
const openDepth = 2;

export function JsonTree({ label, value }: { label: string; value: unknown }) {
  return (
    <div className="records-text records-tree" role="region" aria-label={label} tabIndex={0}>
      <Node name={null} value={value} depth={0} />
    </div>
  );
}

function Node({ name, value, depth }: { name: string | null; value: unknown; depth: number }) {
  const head = name === null ? null : <span className="records-name">{name}: </span>;
  if (typeof value !== 'object' || value === null) {
    return (
      <div>
        {head}
        <span data-type={value === null ? 'null' : typeof value}>{JSON.stringify(value)}</span>
      </div>
    );
  }
  const entries = Object.entries(value);
  const words = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
  return (
    <details open={depth < openDepth}>
      <summary>
        {head}
        <span className="quiet">{words}</span>
      </summary>
      <div className="records-children">
        {entries.slice(0, childrenMax).map(([key, item]) => (
          <Node key={key} name={key} value={item} depth={depth + 1} />
        ))}
        {entries.length > childrenMax ? <span className="quiet">… {entries.length - childrenMax} more</span> : null}
      </div>
    </details>
  );
}
