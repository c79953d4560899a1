import { Link } from 'wouter';
import { Badge } from '../../ui/basics.js';
import { formatPlural } from '../../ui/format.js';
import type { SinkPreview } from './sink-api.js';

const tones = { delivered: 'good', dropped: 'warn', failed: 'bad' } as const;

/** Records as they are in the topic, beside what the store would get. */
export function PreviewTable({ preview }: { preview: SinkPreview }) {
  const { counts, records } = preview;
  return (
    <div className="stack">
      <p role="status">
        {formatPlural(records.length, 'record')}: {counts['delivered'] ?? 0} would be written, {counts['dropped'] ?? 0}{' '}
        left out by a transform, {counts['failed'] ?? 0} refused. Nothing was written.
      </p>
      {records.map((record) => (
        <section
          key={`${record.partition}-${record.offset}`}
          className="card stack"
          aria-label={`${record.topic} ${record.partition} ${record.offset}`}
        >
          <div className="row">
            <h2>
              <Link
                to={`/topics/${encodeURIComponent(record.topic)}/records?partition=${record.partition}&offset=${record.offset}`}
              >
                {record.topic}, partition {record.partition}, offset {record.offset}
              </Link>
            </h2>
            <Badge tone={tones[record.outcome]}>{record.outcome}</Badge>
            {record.after === null ? null : <span className="quiet">to {record.after.destination}</span>}
          </div>
          {record.error === null ? null : <p style={{ color: 'var(--bad)' }}>{record.error}</p>}
          <div className="sinks-sides">
            <Side title="In the topic" side={record.before} />
            {record.after === null ? null : <Side title="To the store" side={record.after} />}
          </div>
        </section>
      ))}
    </div>
  );
}

function Side({ title, side }: { title: string; side: SinkPreview['records'][number]['before'] }) {
  return (
    <div className="stack" style={{ gap: 4 }}>
      <h3>{title}</h3>
      {side.key === null ? null : (
        <span>
          <span className="quiet">key</span> <code>{side.key}</code>
        </span>
      )}
      <pre tabIndex={0} aria-label={title}>
        {side.value ?? 'null'}
      </pre>
      {side.headers.length === 0 ? null : (
        <span className="quiet">{side.headers.map(({ key, value }) => `${key}=${value ?? 'null'}`).join(' · ')}</span>
      )}
    </div>
  );
}
