import { useState } from 'react';
import { useChange, useGet } from '../../api/queries.js';
import { request } from '../../api/request.js';
import { useMay } from '../../shell/session.js';
import { Button } from '../../ui/basics.js';
import { DiffView } from '../../ui/code-editor.js';
import { Confirm } from '../../ui/dialogs.js';
import { SelectField } from '../../ui/fields.js';
import { ErrorNotice, Loading, toast } from '../../ui/notices.js';
import { Time } from '../../ui/time.js';
import { useParam } from '../../ui/use-param.js';
import { pathOf, sinksPath, type Sink, type SinkRevision } from './sink-api.js';
import { textOf } from './sink-draft.js';
import { SinkFrame } from './sink-frame.js';

export default function SinkHistoryPage({ params }: { params: Readonly<Record<string, string>> }) {
  const name = params['name'] ?? '';
  return <SinkFrame name={name}>{({ body }) => <History name={name} newest={body.revision} />}</SinkFrame>;
}

function History({ name, newest }: { name: string; newest: number }) {
  const { data, error, refetch } = useGet<{ data: readonly SinkRevision[] }>(`${pathOf(name)}/revisions`);
  const [from, setFrom] = useParam('from');
  const [to, setTo] = useParam('to');
  const [asked, setAsked] = useState<number | null>(null);
  const mayEdit = useMay('sinks', 'edit', name);
  const change = useChange(
    (revision: number) => request<Sink>('POST', `${pathOf(name)}:rollback`, { body: { revision } }),
    sinksPath,
  );
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Loading what="its history" />;
  const revisions = data.data;
  const find = (text: string, fallback: number): SinkRevision | undefined =>
    revisions.find(({ revision }) => String(revision) === text) ?? revisions[fallback];
  const after = find(to, 0);
  const before = find(from, 1);
  const numbers = revisions.map(({ revision }) => String(revision));
  return (
    <div className="stack">
      <div className="card" style={{ overflowX: 'auto' }} role="region" aria-label="Revisions" tabIndex={0}>
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">Revision</th>
              <th scope="col">What</th>
              <th scope="col">Changed</th>
              <th scope="col">By</th>
              <th scope="col">When</th>
              <th scope="col">Back</th>
            </tr>
          </thead>
          <tbody>
            {revisions.map((revision) => (
              <tr key={revision.revision}>
                <td>{revision.revision}</td>
                <td>{revision.action}</td>
                <td>{revision.changed_keys.join(', ') || '–'}</td>
                <td>{revision.changed_by}</td>
                <td>
                  <Time at={revision.changed_at} />
                </td>
                <td>
                  {revision.revision === newest || !mayEdit ? null : (
                    <Button onPress={() => setAsked(revision.revision)}>Back to {revision.revision} …</Button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {before === undefined || after === undefined ? null : (
        <section className="stack" aria-label="Difference">
          <div className="row">
            <SelectField label="From revision" value={String(before.revision)} options={numbers} onChange={setFrom} />
            <SelectField label="To revision" value={String(after.revision)} options={numbers} onChange={setTo} />
          </div>
          <DiffView
            label={`From revision ${before.revision} to ${after.revision}`}
            language="json"
            before={shown(before)}
            after={shown(after)}
          />
        </section>
      )}
      {asked === null ? null : (
        <Confirm
          title={`Back to revision ${asked}?`}
          isOpen
          verb="Roll back"
          tone="primary"
          onClose={() => setAsked(null)}
          run={async () => {
            const { revision } = await change.mutateAsync(asked);
            toast(`${name} is as in revision ${asked}, now revision ${revision}.`);
          }}
        >
          Its options and labels are as they were then, as a new revision; its tasks restart and go on from their
          positions.
        </Confirm>
      )}
    </div>
  );
}

function shown({ config, labels }: SinkRevision): string {
  return textOf({ config, labels });
}
