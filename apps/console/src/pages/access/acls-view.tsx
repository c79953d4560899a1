import { useMemo, useState } from 'react';
import { ApiError, request } from '../../api/request.js';
import { useChange } from '../../api/queries.js';
import { useMay } from '../../shell/session.js';
import { Badge, Button } from '../../ui/basics.js';
import { DataTable, type Column } from '../../ui/data-table.js';
import { Confirm } from '../../ui/dialogs.js';
import { SelectField, TextField } from '../../ui/fields.js';
import { EmptyState, ErrorNotice, Loading, toast } from '../../ui/notices.js';
import { AccessFrame } from './access-frame.js';
import type { AclRule } from './access-types.js';
import { operations, principalOf, ResourceFields, type Operation, type ResourceType } from './acl-fields.js';
import { AclTester } from './acl-tester.js';
import { keyOfRule, queryOf, ruleInWords } from './acl-words.js';
import { useAllOf } from './all-of.js';
import { FormDialog } from './form-dialog.js';

const path = '/api/v1/acls';
const authorizer = 'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer';

/** Of a cluster without an authorizer. */
function isWithout(error: unknown): boolean {
  return error instanceof ApiError && /authorizer/i.test(error.message);
}

export default function AclsView() {
  const { rows, error, refetch, isKnown } = useAllOf<AclRule>(path);
  const mayChange = useMay('security', 'administer');
  const [isAdding, setIsAdding] = useState(false);
  const [removed, setRemoved] = useState<AclRule | null>(null);
  const [search, setSearch] = useState('');
  const remove = useChange((rule: AclRule) => request('DELETE', path, { query: queryOf(rule) }), path);
  const shown = useMemo(() => {
    const text = search.toLowerCase();
    return rows.filter((rule) => ruleInWords(rule).toLowerCase().includes(text));
  }, [rows, search]);
  return (
    <AccessFrame
      title="ACLs"
      actions={
        mayChange && error === null ? (
          <Button tone="primary" onPress={() => setIsAdding(true)}>
            Add a rule …
          </Button>
        ) : null
      }
    >
      <p className="quiet">Who may do what at the Kafka listeners. A denial wins over every grant.</p>
      {error === null ? null : isWithout(error) ? (
        <EmptyState title="The topic service checks no rules" command={authorizer}>
          Whoever reaches its listeners may do everything. This setting of the topic service turns rules on; name super
          users with it.
        </EmptyState>
      ) : (
        <ErrorNotice error={error} onRetry={() => void refetch()} />
      )}
      {!isKnown && error === null ? <Loading what="rules" /> : null}
      {isKnown ? (
        <>
          <AclTester />
          {rows.length === 0 ? null : (
            <div data-shortcut="search">
              <TextField label="Search the rules" type="search" value={search} onChange={setSearch} />
            </div>
          )}
          <DataTable
            label="Rules"
            columns={columnsOf(mayChange, setRemoved)}
            rows={shown}
            keyOf={keyOfRule}
            empty={
              search === '' ? (
                <EmptyState
                  title="No rules yet"
                  command="npx millrace acl allow --principal User:alice --operation READ --topic access-log"
                />
              ) : (
                <EmptyState title="No rule has that in it" />
              )
            }
          />
        </>
      ) : null}
      <AddRule isOpen={isAdding} onClose={() => setIsAdding(false)} />
      <Confirm
        title="Remove a rule"
        verb="Remove"
        isOpen={removed !== null}
        onClose={() => setRemoved(null)}
        run={async () => {
          if (removed === null) return;
          await remove.mutateAsync(removed);
          toast('The rule is removed.');
        }}
      >
        {removed === null ? '' : `No longer: ${ruleInWords(removed)}.`}
      </Confirm>
    </AccessFrame>
  );
}

function AddRule({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const [permission, setPermission] = useState<'ALLOW' | 'DENY'>('ALLOW');
  const [user, setUser] = useState('');
  const [operation, setOperation] = useState<Operation | 'ALL'>('READ');
  const [type, setType] = useState<ResourceType>('TOPIC');
  const [name, setName] = useState('');
  const [pattern, setPattern] = useState<'LITERAL' | 'PREFIXED'>('LITERAL');
  const [host, setHost] = useState('*');
  const rule = {
    permission,
    principal: principalOf(user),
    operation,
    resource_type: type,
    resource_name: name.trim(),
    pattern_type: pattern,
    host: host.trim(),
  };
  const add = useChange(() => request('POST', path, { body: rule }), path);
  return (
    <FormDialog
      title="Add a rule"
      verb="Add"
      isOpen={isOpen}
      onClose={onClose}
      isDisabled={rule.principal === '' || rule.resource_name === '' || rule.host === ''}
      run={async () => {
        await add.mutateAsync(undefined);
        toast(`${ruleInWords(rule)}.`);
        setUser('');
        setName('');
      }}
    >
      <SelectField
        label="Permission"
        value={permission}
        onChange={setPermission}
        options={[
          { value: 'ALLOW', label: 'Allow' },
          { value: 'DENY', label: 'Deny' },
        ]}
      />
      <TextField label="User" hint="*: everybody." value={user} onChange={setUser} isRequired />
      <SelectField label="Operation" value={operation} onChange={setOperation} options={['ALL', ...operations]} />
      <ResourceFields
        type={type}
        name={name}
        hint="*: all of that type."
        onChange={(change) => {
          if (change.type !== undefined) setType(change.type);
          if (change.name !== undefined) setName(change.name);
        }}
      />
      <SelectField
        label="The name is"
        value={pattern}
        onChange={setPattern}
        options={[
          { value: 'LITERAL', label: 'the whole name' },
          { value: 'PREFIXED', label: 'the beginning of names' },
        ]}
      />
      <TextField label="From the address" hint="*: from anywhere." value={host} onChange={setHost} isRequired />
    </FormDialog>
  );
}

function columnsOf(mayChange: boolean, remove: (rule: AclRule) => void): readonly Column<AclRule>[] {
  return [
    {
      id: 'permission',
      title: 'Rule',
      width: '90px',
      sortBy: ({ permission }) => permission,
      cell: ({ permission }) => <Badge tone={permission === 'DENY' ? 'bad' : 'good'}>{permission.toLowerCase()}</Badge>,
    },
    {
      id: 'principal',
      title: 'Who',
      width: 'minmax(130px, 1fr)',
      sortBy: ({ principal }) => principal,
      cell: ({ principal }) => principal,
    },
    {
      id: 'operation',
      title: 'Operation',
      width: '150px',
      sortBy: ({ operation }) => operation,
      cell: ({ operation }) => operation,
    },
    {
      id: 'resource',
      title: 'On',
      width: 'minmax(180px, 2fr)',
      sortBy: ({ resource_type: type, resource_name: name }) => `${type} ${name}`,
      cell: ({ resource_type: type, resource_name: name, pattern_type: pattern }) =>
        `${type} ${name}${pattern === 'PREFIXED' ? '…' : ''}`,
    },
    { id: 'host', title: 'From', width: '120px', cell: ({ host }) => (host === '*' ? 'anywhere' : host) },
    ...(mayChange
      ? [
          {
            id: 'actions',
            title: 'Actions',
            width: '110px',
            cell: (rule: AclRule) => (
              <Button tone="quiet" aria-label={`Remove: ${ruleInWords(rule)}`} onPress={() => remove(rule)}>
                Remove …
              </Button>
            ),
          },
        ]
      : []),
  ];
}
