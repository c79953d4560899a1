import { useState } from 'react';
import { request } from '../../api/request.js';
import { useChange } from '../../api/queries.js';
import { useMay, useMe } from '../../shell/session.js';
import { Badge, Button } from '../../ui/basics.js';
import { DataTable, type Column } from '../../ui/data-table.js';
import { ActionMenu, Confirm } from '../../ui/dialogs.js';
import { CheckField, TextField } from '../../ui/fields.js';
import { EmptyState, ErrorNotice, Loading, toast } from '../../ui/notices.js';
import { AccessFrame } from './access-frame.js';
import { bindingInWords, type User } from './access-types.js';
import { useAllOf } from './all-of.js';
import { FormDialog } from './form-dialog.js';
import { GiveRole } from './give-role.js';
import { stayIn } from './stay-in.js';

type Opened = { readonly what: 'password' | 'role' | 'delete'; readonly user: User } | { readonly what: 'create' };

const path = '/api/v1/users';

export default function UsersView() {
  const { rows, error, refetch, isKnown } = useAllOf<User>(path);
  const mayChange = useMay('security', 'administer');
  const [opened, setOpened] = useState<Opened | null>(null);
  const close = (): void => setOpened(null);
  const remove = useChange((name: string) => request('DELETE', pathOf(name)), path, '/api/v1/role-bindings');
  const user = opened !== null && 'user' in opened ? opened.user : null;
  return (
    <AccessFrame
      title="Users"
      actions={
        mayChange ? (
          <Button tone="primary" onPress={() => setOpened({ what: 'create' })}>
            Add a user …
          </Button>
        ) : null
      }
    >
      <p className="quiet">
        One password for the console, REST and Kafka clients (SCRAM). Changing it ends their logins.
      </p>
      {error === null ? null : <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {!isKnown && error === null ? <Loading what="users" /> : null}
      {isKnown ? (
        <DataTable
          label="Users"
          columns={columnsOf(mayChange, setOpened)}
          rows={rows}
          keyOf={({ name }) => name}
          sortedBy={{ column: 'name' }}
          empty={
            <EmptyState title="No users yet" command="npx millrace user add alice --password-stdin < alice.password" />
          }
        />
      ) : null}
      <PasswordDialog
        key={opened?.what === 'create' ? 'create' : (user?.name ?? '')}
        user={opened?.what === 'password' ? opened.user : null}
        isOpen={opened?.what === 'create' || opened?.what === 'password'}
        onClose={close}
      />
      <GiveRole principal={user === null ? '' : `User:${user.name}`} isOpen={opened?.what === 'role'} onClose={close} />
      <Confirm
        title={`Delete user ${user?.name ?? ''}`}
        verb="Delete"
        typed={user?.name ?? ''}
        isOpen={opened?.what === 'delete'}
        onClose={close}
        run={async () => {
          if (user === null) return;
          await remove.mutateAsync(user.name);
          toast(`User ${user.name} is deleted.`);
        }}
      >
        The user, their roles and their password for Kafka clients go; their logins end at once.
      </Confirm>
    </AccessFrame>
  );
}

function columnsOf(mayChange: boolean, open: (opened: Opened) => void): readonly Column<User>[] {
  return [
    { id: 'name', title: 'Name', width: 'minmax(120px, 1fr)', sortBy: ({ name }) => name, cell: ({ name }) => name },
    {
      id: 'roles',
      title: 'Roles',
      width: 'minmax(200px, 2fr)',
      cell: ({ roles }) =>
        roles.length === 0 ? <span className="quiet">none</span> : roles.map(bindingInWords).join('; '),
    },
    {
      id: 'rest',
      title: 'Console and REST',
      width: '140px',
      sortBy: ({ rest_login: isGood }) => Number(isGood),
      cell: ({ rest_login: isGood }) =>
        isGood ? (
          <Badge tone="good">yes</Badge>
        ) : (
          <Badge title="Their password was set at the topics; set a new one here">no</Badge>
        ),
    },
    {
      id: 'kafka',
      title: 'Kafka clients',
      width: 'minmax(180px, 1fr)',
      cell: ({ mechanisms }) => (mechanisms.length === 0 ? <span className="quiet">no</span> : mechanisms.join(', ')),
    },
    ...(mayChange
      ? [
          {
            id: 'actions',
            title: 'Actions',
            width: '76px',
            cell: (user: User) => (
              <ActionMenu
                label={`Actions of ${user.name}`}
                actions={[
                  { label: 'Set a new password …', run: () => open({ what: 'password', user }) },
                  { label: 'Give a role …', run: () => open({ what: 'role', user }) },
                  { label: 'Delete …', tone: 'danger', run: () => open({ what: 'delete', user }) },
                ]}
              />
            ),
          },
        ]
      : []),
  ];
}

function PasswordDialog({ user, isOpen, onClose }: { user: User | null; isOpen: boolean; onClose: () => void }) {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [isForKafka, setIsForKafka] = useState(true);
  const mechanisms = isForKafka ? {} : { mechanisms: [] };
  const me = useMe();
  const change = useChange(async () => {
    if (user === null) {
      await request('POST', path, { body: { name, password, ...mechanisms } });
      return;
    }
    await request('PUT', pathOf(user.name), { body: { password, ...mechanisms } });
    if (me?.name === `User:${user.name}`) await stayIn(me, me.name, { user: user.name, password });
  }, path);
  const isShort = password.length < 8;
  return (
    <FormDialog
      title={user === null ? 'Add a user' : `New password of ${user.name}`}
      verb={user === null ? 'Add' : 'Set'}
      isOpen={isOpen}
      onClose={onClose}
      isDisabled={isShort || (user === null && !/^[^:\s]+$/.test(name))}
      run={async () => {
        await change.mutateAsync(undefined);
        toast(user === null ? `User ${name} is there; give a role next.` : `${user.name} has a new password.`);
        setName('');
        setPassword('');
      }}
    >
      {user === null ? (
        <TextField label="Name" hint="Without colons and blanks." value={name} onChange={setName} isRequired />
      ) : (
        <p>The old password is good no more, and logins with it end.</p>
      )}
      <TextField
        label="Password"
        type="password"
        hint="At least 8 characters."
        autoComplete="new-password"
        value={password}
        onChange={setPassword}
        isRequired
      />
      <CheckField label="Also for Kafka clients (SCRAM)" value={isForKafka} onChange={setIsForKafka} />
    </FormDialog>
  );
}

function pathOf(name: string): string {
  return `${path}/${encodeURIComponent(name)}`;
}
