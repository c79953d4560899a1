import { useState } from 'react';
import { request } from '../../api/request.js';
import { useChange } from '../../api/queries.js';
import { useMay } from '../../shell/session.js';
import { Button } from '../../ui/basics.js';
import { DataTable, type Column } from '../../ui/data-table.js';
import { ActionMenu, Confirm } from '../../ui/dialogs.js';
import { TextField } from '../../ui/fields.js';
import { formatByteRate, formatCount } from '../../ui/format.js';
import { EmptyState, ErrorNotice, Loading, toast } from '../../ui/notices.js';
import { AccessFrame } from './access-frame.js';
import type { Quota } from './access-types.js';
import { useAllOf } from './all-of.js';
import { FormDialog } from './form-dialog.js';

const path = '/api/v1/quotas';
const amounts = [
  { id: 'produce_bytes_s', label: 'Produce, bytes a second', title: 'Produce', format: formatByteRate },
  { id: 'fetch_bytes_s', label: 'Fetch, bytes a second', title: 'Fetch', format: formatByteRate },
  { id: 'request_pct', label: 'Requests, percent of a thread', title: 'Requests', format: percent },
  { id: 'mutations_s', label: 'Changes of partitions a second', title: 'Changes', format: perSecond },
  { id: 'connections_s', label: 'Connections a second', title: 'Connections', format: perSecond },
] as const;

export default function QuotasView() {
  const { rows, error, refetch, isKnown } = useAllOf<Quota>(path);
  const mayChange = useMay('security', 'administer');
  const [edited, setEdited] = useState<Quota | 'new' | null>(null);
  const [removed, setRemoved] = useState<Quota | null>(null);
  const remove = useChange(({ entity }: Quota) => request('DELETE', path, { query: entity }), path);
  return (
    <AccessFrame
      title="Quotas"
      actions={
        mayChange ? (
          <Button tone="primary" onPress={() => setEdited('new')}>
            Set a quota …
          </Button>
        ) : null
      }
    >
      <p className="quiet">How much of the Kafka listeners somebody gets; whoever takes more is made to wait.</p>
      {error === null ? null : <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {!isKnown && error === null ? <Loading what="quotas" /> : null}
      {isKnown ? (
        <DataTable
          label="Quotas"
          columns={columnsOf(mayChange, { edit: setEdited, remove: setRemoved })}
          rows={rows}
          keyOf={({ entity }) => JSON.stringify(entity)}
          empty={
            <EmptyState
              title="No quotas: nobody is held back"
              command="npx millrace quota set --user alice --produce-bytes 1000000"
            />
          }
        />
      ) : null}
      {edited === null ? null : (
        <QuotaDialog quota={edited === 'new' ? null : edited} onClose={() => setEdited(null)} />
      )}
      <Confirm
        title="Remove a quota"
        verb="Remove"
        isOpen={removed !== null}
        onClose={() => setRemoved(null)}
        run={async () => {
          if (removed === null) return;
          await remove.mutateAsync(removed);
          toast('The quota is removed.');
        }}
      >
        {removed === null ? '' : `${entityInWords(removed.entity)} has no limit of its own any more.`}
      </Confirm>
    </AccessFrame>
  );
}

function QuotaDialog({ quota, onClose }: { quota: Quota | null; onClose: () => void }) {
  const [entity, setEntity] = useState({
    user: quota?.entity.user ?? '',
    client_id: quota?.entity.client_id ?? '',
    ip: quota?.entity.ip ?? '',
  });
  const [values, setValues] = useState<Readonly<Record<string, string>>>(
    Object.fromEntries(amounts.map(({ id }) => [id, quota?.[id]?.toString() ?? ''])),
  );
  const named = Object.fromEntries(Object.entries(entity).filter(([, name]) => name !== ''));
  const given = Object.fromEntries(
    amounts.flatMap(({ id }) => {
      const text = values[id] ?? '';
      return text === '' ? [] : [[id, Number(text)]];
    }),
  );
  const set = useChange(() => request('PUT', path, { body: { entity: named, ...given } }), path);
  return (
    <FormDialog
      title={quota === null ? 'Set a quota' : `Quota of ${entityInWords(quota.entity)}`}
      verb="Set"
      isOpen
      onClose={onClose}
      isDisabled={Object.keys(named).length === 0 || Object.keys(given).length === 0}
      run={async () => {
        await set.mutateAsync(undefined);
        toast(`${entityInWords(named)} has a quota.`);
      }}
    >
      {quota === null ? (
        <div className="access-form">
          <TextField
            label="User"
            hint="<default>: all without one."
            value={entity.user}
            onChange={(user) => setEntity({ ...entity, user })}
          />
          <TextField
            label="Client id"
            hint="Alone, or with the user."
            value={entity.client_id}
            onChange={(id) => setEntity({ ...entity, client_id: id })}
          />
          <TextField
            label="Or an address"
            hint="For connections."
            value={entity.ip}
            onChange={(ip) => setEntity({ ...entity, ip })}
          />
        </div>
      ) : null}
      {amounts.map(({ id, label }) => (
        <TextField
          key={id}
          label={label}
          type="number"
          value={values[id] ?? ''}
          onChange={(text) => setValues({ ...values, [id]: text })}
        />
      ))}
      <p className="quiet">Empty: no limit.</p>
    </FormDialog>
  );
}

function columnsOf(
  mayChange: boolean,
  on: { edit: (quota: Quota) => void; remove: (quota: Quota) => void },
): readonly Column<Quota>[] {
  return [
    {
      id: 'entity',
      title: 'Who',
      width: 'minmax(180px, 2fr)',
      sortBy: ({ entity }) => entityInWords(entity),
      cell: ({ entity }) => entityInWords(entity),
    },
    ...amounts.map(({ id, title, format }): Column<Quota> => ({
      id,
      title,
      isNumber: true,
      sortBy: (quota) => quota[id] ?? null,
      cell: (quota) => format(quota[id]),
    })),
    ...(mayChange
      ? [
          {
            id: 'actions',
            title: 'Actions',
            width: '76px',
            cell: (quota: Quota) => (
              <ActionMenu
                label={`Actions of ${entityInWords(quota.entity)}`}
                actions={[
                  { label: 'Change …', run: () => on.edit(quota) },
                  { label: 'Remove …', tone: 'danger', run: () => on.remove(quota) },
                ]}
              />
            ),
          },
        ]
      : []),
  ];
}

function entityInWords({ user, client_id: client, ip }: Quota['entity']): string {
  const parts = [
    ...(user === undefined ? [] : [user === '<default>' ? 'every user' : `user ${user}`]),
    ...(client === undefined ? [] : [client === '<default>' ? 'every client' : `client ${client}`]),
    ...(ip === undefined ? [] : [ip === '<default>' ? 'every address' : `address ${ip}`]),
  ];
  return parts.join(', ');
}

function percent(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : `${value} %`;
}

function perSecond(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : `${formatCount(value)}/s`;
}
