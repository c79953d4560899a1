import { useState } from 'react';
import { request } from '../../api/request.js';
import { useChange, useGet, type Page } from '../../api/queries.js';
import { useMay } from '../../shell/session.js';
import { Badge, Button } from '../../ui/basics.js';
import { DataTable, type Column } from '../../ui/data-table.js';
import { Confirm } from '../../ui/dialogs.js';
import { EmptyState, ErrorNotice, Loading, toast } from '../../ui/notices.js';
import { Time } from '../../ui/time.js';
import { AccessFrame } from './access-frame.js';
import { bindingInWords, type Binding, type Role } from './access-types.js';
import { useAllOf } from './all-of.js';
import { GiveRole } from './give-role.js';

const path = '/api/v1/role-bindings';

export default function RolesView() {
  const { rows, error, refetch, isKnown } = useAllOf<Binding>(path);
  const mayChange = useMay('security', 'administer');
  const [isGiving, setIsGiving] = useState(false);
  const [taken, setTaken] = useState<Binding | null>(null);
  const take = useChange(
    ({ id }: Binding) => request('DELETE', `${path}/${encodeURIComponent(id)}`),
    path,
    '/api/v1/users',
    '/api/v1/api-keys',
    '/api/v1/me',
  );
  return (
    <AccessFrame
      title="Roles"
      actions={
        mayChange ? (
          <Button tone="primary" onPress={() => setIsGiving(true)}>
            Give a role …
          </Button>
        ) : null
      }
    >
      <Levels />
      <h2>Who has which</h2>
      {error === null ? null : <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {!isKnown && error === null ? <Loading what="roles" /> : null}
      {isKnown ? (
        <DataTable
          label="Who has which role"
          columns={columnsOf(mayChange, setTaken)}
          rows={rows}
          keyOf={({ id }) => id}
          sortedBy={{ column: 'principal' }}
          empty={
            <EmptyState title="No role is given yet" command="npx millrace key create first --role admin">
              Until the first one, everybody who reaches this server may do everything.
            </EmptyState>
          }
        />
      ) : null}
      <GiveRole principal="" isOpen={isGiving} onClose={() => setIsGiving(false)} />
      <Confirm
        title="Take a role"
        verb="Take"
        isOpen={taken !== null}
        onClose={() => setTaken(null)}
        run={async () => {
          if (taken === null) return;
          await take.mutateAsync(taken);
          toast(`${taken.principal} is ${taken.role} no more.`);
        }}
      >
        {taken === null ? '' : `${taken.principal} is ${bindingInWords(taken)} no more, within two seconds everywhere.`}
      </Confirm>
    </AccessFrame>
  );
}

/** What each role may do; each has all that the ones before it have. */
function Levels() {
  const { data } = useGet<Page<Role>>('/api/v1/roles');
  const order = ['read', 'operate', 'edit', 'administer'];
  const roles = data?.data.toSorted((left, right) => order.indexOf(left.level) - order.indexOf(right.level)) ?? [];
  return (
    <div className="card access-scroll" tabIndex={0} role="group" aria-label="The roles">
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">Role</th>
            <th scope="col">May</th>
          </tr>
        </thead>
        <tbody>
          {roles.map(({ name, description }) => (
            <tr key={name}>
              <td>
                <Badge tone="accent">{name}</Badge>
              </td>
              <td>{description}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function columnsOf(mayChange: boolean, take: (binding: Binding) => void): readonly Column<Binding>[] {
  return [
    {
      id: 'principal',
      title: 'Who',
      width: 'minmax(150px, 1.5fr)',
      sortBy: ({ principal }) => principal,
      cell: ({ principal }) => principal,
    },
    { id: 'role', title: 'Role', width: '100px', sortBy: ({ role }) => role, cell: ({ role }) => role },
    {
      id: 'areas',
      title: 'Areas',
      width: 'minmax(120px, 1fr)',
      cell: ({ areas }) => (areas.length === 0 ? 'all' : areas.join(', ')),
    },
    {
      id: 'prefix',
      title: 'Names',
      width: 'minmax(90px, 1fr)',
      sortBy: ({ name_prefix: prefix }) => prefix,
      cell: ({ name_prefix: prefix }) => (prefix === '' ? 'all' : `${prefix}…`),
    },
    {
      id: 'given',
      title: 'Given',
      width: '190px',
      sortBy: ({ created_at: at }) => Date.parse(at),
      cell: ({ created_at: at }) => <Time at={at} />,
    },
    { id: 'by', title: 'By', width: 'minmax(120px, 1fr)', cell: ({ created_by: by }) => by },
    ...(mayChange
      ? [
          {
            id: 'actions',
            title: 'Actions',
            width: '90px',
            cell: (binding: Binding) => (
              <Button
                tone="quiet"
                aria-label={`Take ${binding.role} from ${binding.principal}`}
                onPress={() => take(binding)}
              >
                Take …
              </Button>
            ),
          },
        ]
      : []),
  ];
}
