import { useEffect, useMemo, useState } from 'react';
import { useSearchParams } from 'wouter';
import { usePages } from '../../api/queries.js';
import { Badge, Button, Facts, type Tone } from '../../ui/basics.js';
import { DataTable, type Column } from '../../ui/data-table.js';
import { Drawer } from '../../ui/dialogs.js';
import { SelectField, TextField } from '../../ui/fields.js';
import { EmptyState, ErrorNotice, Loading } from '../../ui/notices.js';
import { Time } from '../../ui/time.js';
import { AccessFrame } from './access-frame.js';
import { areas, type AuditEntry } from './access-types.js';

const names = ['principal', 'area', 'name', 'since', 'until'] as const;

export default function AuditView() {
  const [search, setSearch] = useSearchParams();
  const text = search.toString();
  const query = useMemo(() => {
    const given = new URLSearchParams(text);
    return Object.fromEntries(names.map((name) => [name, given.get(name) ?? '']));
  }, [text]);
  const { data, error, refetch, isLoading, hasNextPage, fetchNextPage, isFetchingNextPage } = usePages<AuditEntry>(
    '/api/v1/audit',
    { ...query, page_size: 100 },
  );
  const [opened, setOpened] = useState<AuditEntry | null>(null);
  const rows = useMemo(() => data?.pages.flatMap((page) => page.data) ?? [], [data]);
  return (
    <AccessFrame title="Audit" actions={<Button onPress={() => void refetch()}>Look again</Button>}>
      <p className="quiet">
        Changes over REST, refused ones too, logins and logouts. Nothing here is ever changed or deleted.
      </p>
      <AuditFilter
        query={query}
        onChange={(changes) =>
          setSearch(new URLSearchParams(Object.entries({ ...query, ...changes }).filter(([, value]) => value !== '')))
        }
      />
      {error === null ? null : <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {isLoading ? <Loading what="the audit" /> : null}
      {data === undefined ? null : (
        <DataTable
          label="Audit"
          columns={columns}
          rows={rows}
          keyOf={({ id }) => id}
          onOpen={setOpened}
          onEnd={() => {
            if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
          }}
          empty={
            <EmptyState title="Nothing was changed" command="npx millrace audit list">
              {text === '' ? 'Every change over REST stands here.' : 'Take something of the filter away.'}
            </EmptyState>
          }
        />
      )}
      <Drawer title={opened === null ? '' : whatOf(opened)} isOpen={opened !== null} onClose={() => setOpened(null)}>
        {opened === null ? null : <Entry entry={opened} />}
      </Drawer>
    </AccessFrame>
  );
}

function AuditFilter(props: {
  query: Readonly<Record<string, string>>;
  onChange: (changes: Readonly<Record<string, string>>) => void;
}) {
  const { query, onChange } = props;
  const [who, setWho] = useState(query['principal'] ?? '');
  const [name, setName] = useState(query['name'] ?? '');
  const [since, setSince] = useState('');
  useEffect(() => {
    setWho(query['principal'] ?? '');
    setName(query['name'] ?? '');
    setSince(localOf(query['since'] ?? ''));
  }, [query]);
  return (
    <form
      className="access-form"
      onSubmit={(event) => {
        event.preventDefault();
        onChange({
          principal: who.trim(),
          name: name.trim(),
          since: since === '' ? '' : new Date(since).toISOString(),
        });
      }}
    >
      <div data-shortcut="search">
        <TextField label="Who" placeholder="User:alice" value={who} onChange={setWho} />
      </div>
      <SelectField
        label="Area"
        value={query['area'] ?? ''}
        onChange={(area) => onChange({ area })}
        options={[{ value: '', label: 'All' }, ...areas]}
      />
      <TextField label="Name of what was touched" value={name} onChange={setName} />
      <TextField label="Since" type="datetime-local" value={since} onChange={setSince} />
      <div>
        <Button type="submit">Filter</Button>
      </div>
    </form>
  );
}

/** As a field of the browser wants it, in its own zone. */
function localOf(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return '';
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

const columns: readonly Column<AuditEntry>[] = [
  { id: 'at', title: 'When', width: '190px', cell: ({ at }) => <Time at={at} /> },
  { id: 'principal', title: 'Who', width: 'minmax(150px, 1fr)', cell: ({ principal }) => principal },
  { id: 'what', title: 'What', width: 'minmax(260px, 2fr)', cell: (entry) => <code>{whatOf(entry)}</code> },
  { id: 'name', title: 'Touched', width: 'minmax(110px, 1fr)', cell: ({ name }) => name ?? '–' },
  { id: 'status', title: 'Result', width: '130px', cell: ({ status }) => <Result status={status} /> },
];

function whatOf({ method, path }: AuditEntry): string {
  return `${method} ${path}`;
}

function Result({ status }: { status: number }) {
  const tone: Tone = status < 400 ? 'good' : status < 500 ? 'warn' : 'bad';
  const word = status < 400 ? 'done' : status === 401 || status === 403 ? 'refused' : 'failed';
  return <Badge tone={tone}>{`${word} ${status}`}</Badge>;
}

function Entry({ entry }: { entry: AuditEntry }) {
  return (
    <Facts
      facts={[
        ['When', <Time key="at" at={entry.at} millis />],
        ['Who', entry.principal],
        ['From', entry.ip],
        ['Touched', entry.name ?? '–'],
        ['Needs', entry.areas.length === 0 ? entry.level : `${entry.level} in ${entry.areas.join(', ')}`],
        ['Result', <Result key="result" status={entry.status} />],
        ['Fields', entry.fields.length === 0 ? '–' : entry.fields.join(', ')],
        ['Revision', `${entry.revision_before ?? '–'} → ${entry.revision_after ?? '–'}`],
      ]}
    />
  );
}
