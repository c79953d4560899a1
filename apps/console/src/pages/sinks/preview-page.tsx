import { useState } from 'react';
import { request } from '../../api/request.js';
import { useMay } from '../../shell/session.js';
import { Button } from '../../ui/basics.js';
import { TextField } from '../../ui/fields.js';
import { EmptyState, ErrorNotice } from '../../ui/notices.js';
import { PreviewTable } from './preview-table.js';
import { pathOf, type SinkPreview } from './sink-api.js';
import { SinkFrame } from './sink-frame.js';

/** Real records through converters and transforms, as the store would get them. */
export default function SinkPreviewPage({ params }: { params: Readonly<Record<string, string>> }) {
  const name = params['name'] ?? '';
  return <SinkFrame name={name}>{() => <Preview name={name} />}</SinkFrame>;
}

function Preview({ name }: { name: string }) {
  const [count, setCount] = useState('10');
  const [preview, setPreview] = useState<SinkPreview | null>(null);
  const [error, setError] = useState<unknown>(null);
  const may = useMay('sinks', 'operate', name);
  const show = async (): Promise<void> => {
    setError(null);
    try {
      setPreview(await request<SinkPreview>('POST', `${pathOf(name)}:preview`, { body: { count: Number(count) } }));
    } catch (caught) {
      setError(caught);
    }
  };
  return (
    <div className="stack">
      <div className="row" style={{ alignItems: 'flex-end' }}>
        <TextField label="Newest records" type="number" value={count} onChange={setCount} />
        <Button tone="primary" isDisabled={!may} onPress={() => void show()}>
          Show
        </Button>
      </div>
      {error === null ? null : <ErrorNotice error={error} />}
      {preview === null ? (
        error === null ? (
          <EmptyState title="What would it write?">
            Real records go through its converters and transforms up to the store’s door. Nothing is written.
          </EmptyState>
        ) : null
      ) : (
        <PreviewTable preview={preview} />
      )}
    </div>
  );
}
