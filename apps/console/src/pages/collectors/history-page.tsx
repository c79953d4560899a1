import { useState } from 'react';
import { useSearchParams } from 'wouter';
import { useQuery } from '@tanstack/react-query';
import { useChange, useGet } from '../../api/queries.js';
import { request } from '../../api/request.js';
import { useMay } from '../../shell/session.js';
import { Badge, Button } from '../../ui/basics.js';
import { DiffView } from '../../ui/code-editor.js';
import { Confirm } from '../../ui/dialogs.js';
import { SelectField } from '../../ui/fields.js';
import { ErrorNotice, Loading, toast } from '../../ui/notices.js';
import { Time } from '../../ui/time.js';
import { collectorsPath, pathOf, type Collector, type Revision, type Validation } from './collector-api.js';
import { CollectorFrame } from './collector-frame.js';
import { EffectNotice } from './effect.js';

export default function HistoryPage({ params }: { params: Readonly<Record<string, string>> }) {
  const name = params['name'] ?? '';
  return (
    <CollectorFrame key={name} name={name}>
      {({ body, etag }) => <HistoryView collector={body} etag={etag ?? ''} />}
    </CollectorFrame>
  );
}

function HistoryView({ collector, etag }: { collector: Collector; etag: string }) {
  const { name, revision } = collector;
  const { data, error, refetch } = useGet<{ data: readonly Revision[] }>(`${pathOf(name)}/revisions`);
  const [search, setSearch] = useSearchParams();
  const [back, setBack] = useState<Revision | null>(null);
  const mayEdit = useMay('collectors', 'edit', name);
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Loading what="revisions" />;
  const revisions = data.data;
  const find = (word: string): Revision | undefined =>
    revisions.find((one) => String(one.revision) === search.get(word));
  const to = find('to') ?? revisions[0];
  const from = find('from') ?? revisions.find((one) => to !== undefined && one.revision < to.revision) ?? to;
  const compare = (words: { from?: number; to?: number }): void => {
    const next = { from: from?.revision ?? 1, to: to?.revision ?? 1, ...words };
    setSearch({ from: String(next.from), to: String(next.to) }, { replace: true });
  };
  return (
    <>
      <div className="collectors-scroll" tabIndex={0} role="region" aria-label="Revisions">
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">Revision</th>
              <th scope="col">What</th>
              <th scope="col">When</th>
              <th scope="col">By</th>
              <th scope="col">Changed</th>
              <th scope="col">Actions</th>
            </tr>
          </thead>
          <tbody>
            {revisions.map((one) => (
              <tr key={one.revision}>
                <td>
                  {one.revision} {one.revision === revision ? <Badge tone="good">wanted now</Badge> : null}
                </td>
                <td>{one.action}</td>
                <td>
                  <Time at={one.changed_at} />
                </td>
                <td>{one.changed_by === '' ? '–' : one.changed_by}</td>
                <td>{one.changed_keys.join(', ') || '–'}</td>
                <td>
                  <div className="row" style={{ gap: 4 }}>
                    <Button
                      aria-label={`Compare revision ${one.revision} with now`}
                      isDisabled={one.revision === revision}
                      onPress={() => compare({ from: one.revision, to: revision })}
                    >
                      Compare
                    </Button>
                    {mayEdit && one.revision !== revision ? (
                      <Button aria-label={`Roll back to revision ${one.revision}`} onPress={() => setBack(one)}>
                        Roll back …
                      </Button>
                    ) : null}
                  </div>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {from === undefined || to === undefined || revisions.length < 2 ? (
        <p className="quiet">There is one revision so far; from the second on, any two can be compared.</p>
      ) : (
        <section className="stack" aria-labelledby="difference">
          <h2 id="difference">
            From revision {from.revision} to {to.revision}
          </h2>
          <div className="row collectors-pair">
            <RevisionSelect
              label="From"
              revisions={revisions}
              value={from}
              onChange={(value) => compare({ from: value })}
            />
            <RevisionSelect label="To" revisions={revisions} value={to} onChange={(value) => compare({ to: value })} />
          </div>
          {textOf(from) === textOf(to) ? (
            <p className="notice" data-tone="good">
              They are the same.
            </p>
          ) : (
            <DiffView label="Difference" before={textOf(from)} after={textOf(to)} language="properties" />
          )}
        </section>
      )}
      {back === null ? null : (
        <RollbackDialog
          name={name}
          etag={etag}
          now={revisions.find((one) => one.revision === revision)}
          back={back}
          onClose={() => setBack(null)}
        />
      )}
    </>
  );
}

function RevisionSelect(props: {
  label: string;
  revisions: readonly Revision[];
  value: Revision;
  onChange: (revision: number) => void;
}) {
  const options = props.revisions.map(({ revision, action, changed_by: by }) => ({
    value: String(revision),
    label: `${revision}: ${action}${by === '' ? '' : ` by ${by}`}`,
  }));
  return (
    <div className="grow">
      <SelectField
        label={props.label}
        value={String(props.value.revision)}
        onChange={(value) => props.onChange(Number(value))}
        options={options}
      />
    </div>
  );
}

function RollbackDialog(props: {
  name: string;
  etag: string;
  now: Revision | undefined;
  back: Revision;
  onClose: () => void;
}) {
  const { name, etag, now, back, onClose } = props;
  const body = { flume_conf: back.config['flume.conf'] ?? '', agent: back.config['agent'] ?? '' };
  const trial = useQuery({
    queryKey: ['rollback', name, back.revision, etag],
    queryFn: () => request<Validation>('POST', `${pathOf(name)}:validate`, { body }),
    staleTime: 0,
    gcTime: 0,
  });
  const change = useChange(
    () => request<Collector>('POST', `${pathOf(name)}:rollback`, { body: { revision: back.revision }, ifMatch: etag }),
    collectorsPath,
  );
  return (
    <Confirm
      title={`Roll ${name} back to revision ${back.revision}?`}
      isOpen
      onClose={onClose}
      verb="Roll back"
      tone="primary"
      size="wide"
      run={async () => {
        const { revision } = await change.mutateAsync(undefined);
        toast(`Revision ${revision} of ${name} is what revision ${back.revision} was.`);
      }}
    >
      <div className="stack">
        <p>What revision {back.revision} wanted is wanted again, as a new revision; nothing of the history is lost.</p>
        {trial.error === null ? null : <ErrorNotice error={trial.error} />}
        {trial.data === undefined ? null : <EffectNotice effect={trial.data.effect} />}
        {now === undefined ? null : (
          <DiffView label="What rolling back changes" before={textOf(now)} after={textOf(back)} language="properties" />
        )}
      </div>
    </Confirm>
  );
}

const shownBefore = new Set(['flume.conf', 'name', 'connector.class']);

/** What stands beside the flume.conf comes first, so that the difference has it too. */
function textOf({ config, labels }: Revision): string {
  const beside = Object.entries(config)
    .filter(([key]) => !shownBefore.has(key))
    .map(([key, value]) => `# ${key}: ${value}`);
  const named = Object.entries(labels).map(([name, value]) => `# label ${name}: ${value}`);
  return [...beside.toSorted(), ...named.toSorted(), '', config['flume.conf'] ?? ''].join('\n');
}
