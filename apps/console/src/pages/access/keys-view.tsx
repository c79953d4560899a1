import { useState } from 'react';
import { request } from '../../api/request.js';
import { useChange } from '../../api/queries.js';
import { useMay, useMe } from '../../shell/session.js';
import { Badge, Button, Command, CopyButton } from '../../ui/basics.js';
import { DataTable, type Column } from '../../ui/data-table.js';
import { ActionMenu, Confirm, Dialog } from '../../ui/dialogs.js';
import { TextField } from '../../ui/fields.js';
import { EmptyState, ErrorNotice, Loading, toast } from '../../ui/notices.js';
import { Time } from '../../ui/time.js';
import { AccessFrame } from './access-frame.js';
import { bindingInWords, type ApiKey, type NewKey } from './access-types.js';
import { useAllOf } from './all-of.js';
import { FormDialog } from './form-dialog.js';
import { stayIn } from './stay-in.js';
import { everywhereViewer, RoleFields, type GivenRole } from './role-fields.js';

type Opened = { readonly what: 'rotate' | 'revoke'; readonly key: ApiKey } | { readonly what: 'create' };

const path = '/api/v1/api-keys';

export default function KeysView() {
  const { rows, error, refetch, isKnown } = useAllOf<ApiKey>(path);
  const me = useMe();
  const mayChange = useMay('security', 'administer');
  const [opened, setOpened] = useState<Opened | null>(null);
  const [fresh, setFresh] = useState<NewKey | null>(null);
  const close = (): void => setOpened(null);
  const rotate = useChange(async ({ name, revision }: ApiKey) => {
    const made = await request<NewKey>('POST', `${pathOf(name)}:rotate`, { ifMatch: `"${revision}"` });
    await stayIn(me, `ApiKey:${name}`, { key: made.key });
    return made;
  }, path);
  const revoke = useChange(({ name }: ApiKey) => request('DELETE', pathOf(name)), path, '/api/v1/role-bindings');
  const key = opened !== null && 'key' in opened ? opened.key : null;
  return (
    <AccessFrame
      title="API keys"
      actions={
        mayChange ? (
          <Button tone="primary" onPress={() => setOpened({ what: 'create' })}>
            Make a key …
          </Button>
        ) : null
      }
    >
      <p className="quiet">
        Logins for programs: <code>Authorization: ApiKey …</code>
      </p>
      {error === null ? null : <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {!isKnown && error === null ? <Loading what="keys" /> : null}
      {isKnown ? (
        <DataTable
          label="API keys"
          columns={columnsOf(mayChange, setOpened)}
          rows={rows}
          keyOf={({ name }) => name}
          sortedBy={{ column: 'name' }}
          empty={
            <EmptyState title="No API keys yet" command="npx millrace key create first --role admin">
              The first one must be an admin everywhere: from then on everybody has to log in.
            </EmptyState>
          }
        />
      ) : null}
      <CreateKey isOpen={opened?.what === 'create'} onClose={close} onMade={setFresh} />
      <Confirm
        title={`Rotate key ${key?.name ?? ''}`}
        verb="Rotate"
        tone="primary"
        isOpen={opened?.what === 'rotate'}
        onClose={close}
        run={async () => {
          if (key !== null) setFresh(await rotate.mutateAsync(key));
        }}
      >
        It gets a new secret, shown once. The old one is good no more, at once.
      </Confirm>
      <Confirm
        title={`Revoke key ${key?.name ?? ''}`}
        verb="Revoke"
        typed={key?.name ?? ''}
        isOpen={opened?.what === 'revoke'}
        onClose={close}
        run={async () => {
          if (key === null) return;
          await revoke.mutateAsync(key);
          toast(`Key ${key.name} is revoked.`);
        }}
      >
        Programs that log in with it are refused from now on. Its roles go too.
      </Confirm>
      <Secret made={fresh} onClose={() => setFresh(null)} />
    </AccessFrame>
  );
}

/** The only time that it is shown. */
function Secret({ made, onClose }: { made: NewKey | null; onClose: () => void }) {
  const origin = window.location.origin;
  return (
    <Dialog title={`The key ${made?.name ?? ''}`} isOpen={made !== null} onClose={onClose}>
      <p>Keep it now: it is not shown again. Whoever has it may do what the key may.</p>
      <div className="notice row" data-tone="warn">
        <code className="grow access-secret" aria-label="Secret">
          {made?.key}
        </code>
        <CopyButton text={made?.key ?? ''} label="Copy the key" />
      </div>
      <Command text={`curl -H "Authorization: ApiKey $MILLRACE_KEY" ${origin}/api/v1/me`} />
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button tone="primary" onPress={onClose}>
          I have it
        </Button>
      </div>
    </Dialog>
  );
}

function CreateKey(props: { isOpen: boolean; onClose: () => void; onMade: (key: NewKey) => void }) {
  const [name, setName] = useState('');
  const [until, setUntil] = useState('');
  const [role, setRole] = useState<GivenRole>(everywhereViewer);
  const expires = until === '' ? {} : { expires_at: new Date(until).toISOString() };
  const me = useMe();
  const create = useChange(
    async () => {
      const made = await request<NewKey>('POST', path, { body: { name, roles: [role], ...expires } });
      await stayIn(me, `ApiKey:${name}`, { key: made.key });
      return made;
    },
    path,
    '/api/v1/me',
  );

  return (
    <FormDialog
      title="Make an API key"
      verb="Make"
      isOpen={props.isOpen}
      onClose={props.onClose}
      isDisabled={!/^[^:\s]+$/.test(name)}
      run={async () => {
        props.onMade(await create.mutateAsync(undefined));
        setName('');
        setUntil('');
        setRole(everywhereViewer);
      }}
    >
      <TextField label="Name" hint="Of the program: ci, grafana." value={name} onChange={setName} isRequired />
      {me?.login_needed === false ? (
        <p className="notice" data-tone="warn">
          This is the first key: from then on everybody has to log in, and it must be admin everywhere. You are logged
          in with it.
        </p>
      ) : null}
      <RoleFields role={role} onChange={setRole} />
      <TextField
        label="Expires"
        hint="Empty: it holds until it is revoked."
        type="datetime-local"
        value={until}
        onChange={setUntil}
      />
    </FormDialog>
  );
}

function columnsOf(mayChange: boolean, open: (opened: Opened) => void): readonly Column<ApiKey>[] {
  return [
    { id: 'name', title: 'Name', width: 'minmax(120px, 1fr)', sortBy: ({ name }) => name, cell: ({ name }) => name },
    { id: 'id', title: 'Begins with', width: '170px', cell: ({ id }) => <code>{id}</code> },
    {
      id: 'roles',
      title: 'Roles',
      width: 'minmax(200px, 2fr)',
      cell: ({ roles }) =>
        roles.length === 0 ? <span className="quiet">none</span> : roles.map(bindingInWords).join('; '),
    },
    {
      id: 'expires',
      title: 'Expires',
      width: '190px',
      sortBy: ({ expires_at: at }) => at,
      cell: ({ expires_at: at }) => (at === null ? 'never' : <Expiry at={at} />),
    },
    {
      id: 'made',
      title: 'Made',
      width: '190px',
      sortBy: ({ created_at: at }) => Date.parse(at),
      cell: (key) => <Time at={key.rotated_at ?? key.created_at} />,
    },
    { id: 'by', title: 'By', width: '150px', cell: ({ created_by: by }) => by },
    ...(mayChange
      ? [
          {
            id: 'actions',
            title: 'Actions',
            width: '76px',
            cell: (key: ApiKey) => (
              <ActionMenu
                label={`Actions of ${key.name}`}
                actions={[
                  { label: 'Rotate …', run: () => open({ what: 'rotate', key }) },
                  { label: 'Revoke …', tone: 'danger', run: () => open({ what: 'revoke', key }) },
                ]}
              />
            ),
          },
        ]
      : []),
  ];
}

function Expiry({ at }: { at: string }) {
  return Date.parse(at) < Date.now() ? <Badge tone="bad">expired</Badge> : <Time at={at} />;
}

function pathOf(name: string): string {
  return `${path}/${encodeURIComponent(name)}`;
}
