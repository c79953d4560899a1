import { useState } from 'react';
import { useLocation } from 'wouter';
import { useChange, useGet } from '../../api/queries.js';
import { request } from '../../api/request.js';
import { Badge, Button, CopyButton, LinkButton, Page } from '../../ui/basics.js';
import { SelectField, TextField } from '../../ui/fields.js';
import { ErrorNotice, Loading, toast } from '../../ui/notices.js';
import type { FormValue } from '../../ui/schema-fields.js';
import { useParam } from '../../ui/use-param.js';
import { Guarantee } from './guarantee.js';
import { pageOf, sinksPath, type Sink, type SinkPreview, type SinkTest, type SinkType } from './sink-api.js';
import { configOf, problemsOf, sent, textOf } from './sink-draft.js';
import { PreviewTable } from './preview-table.js';
import { SinkForm } from './sink-form.js';
import { TestResultList } from './test-result.js';
import './sinks.css';

/** First a destination, then its options; nothing is made before "Create". */
export default function NewSinkPage() {
  const [type, setType] = useParam('type');
  const types = useGet<{ data: readonly SinkType[] }>('/api/v1/sink-types');
  const found = types.data?.data.find(({ name }) => name === type);
  return (
    <Page
      title={found === undefined ? 'New sink' : `New sink: ${found.name}`}
      trail={[{ label: 'Sinks', to: '/sinks' }]}
      actions={found === undefined ? null : <Button onPress={() => setType('')}>Another destination</Button>}
    >
      {types.error === null ? null : <ErrorNotice error={types.error} />}
      {types.data === undefined && types.error === null ? <Loading what="destinations" /> : null}
      {types.data !== undefined && found === undefined ? <Gallery types={types.data.data} onChoose={setType} /> : null}
      {found === undefined ? null : <NewSink key={found.name} type={found} />}
    </Page>
  );
}

function Gallery({ types, onChoose }: { types: readonly SinkType[]; onChoose: (type: string) => void }) {
  const [search, setSearch] = useState('');
  const shown = types.filter(({ name, doc }) => `${name} ${doc}`.toLowerCase().includes(search.toLowerCase()));
  return (
    <div className="stack">
      <div data-shortcut="search" className="sinks-filter">
        <TextField label="Find a destination" type="search" value={search} onChange={setSearch} />
      </div>
      <ul className="sinks-types" aria-label="Destinations">
        {shown.map(({ name, doc }) => (
          <li key={name} style={{ display: 'grid' }}>
            <button type="button" className="card sinks-type" onClick={() => onChoose(name)}>
              <strong>{name}</strong>
              <span className="quiet">{doc}</span>
            </button>
          </li>
        ))}
      </ul>
      {shown.length === 0 ? (
        <p className="quiet">No destination is called so. A package of your own adds one.</p>
      ) : null}
    </div>
  );
}

const starts = [
  { value: 'earliest', label: 'the oldest record there is' },
  { value: 'latest', label: 'now' },
  { value: 'time', label: 'a time' },
] as const;

function NewSink({ type }: { type: SinkType }) {
  const [name, setName] = useState('');
  const [start, setStart] = useState<(typeof starts)[number]['value']>('earliest');
  const [time, setTime] = useState('');
  const [draft, setDraft] = useState<FormValue>({ type: type.name, topics: [], config: {} });
  const [error, setError] = useState<unknown>(null);
  const [checked, setChecked] = useState<Sink | null>(null);
  const [test, setTest] = useState<SinkTest | null>(null);
  const [preview, setPreview] = useState<SinkPreview | null>(null);
  const [, navigate] = useLocation();
  const create = useChange((body: FormValue) => request<Sink>('POST', sinksPath, { body }), sinksPath);
  const from = start === 'time' ? isoOf(time) : start;
  const body: FormValue = { name, ...sent({ ...draft, config: { ...configOf(draft), 'start.from': from } }) };
  const problems = problemsOf(error);
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    setError(null);
    setChecked(null);
    setTest(null);
    setPreview(null);
    try {
      await work();
    } catch (caught) {
      setError(caught);
    }
  };
  const check = (): Promise<void> =>
    attempt(async () => setChecked(await request<Sink>('POST', sinksPath, { body, query: { validate_only: true } })));
  const tryStore = (): Promise<void> =>
    attempt(async () => setTest(await request<SinkTest>('POST', `${sinksPath}:test`, { body })));
  const show = (): Promise<void> =>
    attempt(async () =>
      setPreview(await request<SinkPreview>('POST', `${sinksPath}:preview`, { body: { sink: body, count: 10 } })),
    );
  const make = (): Promise<void> =>
    attempt(async () => {
      await create.mutateAsync(body);
      toast(`${name} is made and begins.`);
      navigate(pageOf(name));
    });
  return (
    <div className="sinks-new">
      <div className="card stack">
        <TextField label="Name (required)" value={name} onChange={setName} problem={problems.get('/name') ?? null} />
        <SinkForm draft={draft} onChange={setDraft} problems={problems} />
        <SelectField label="Begins at" value={start} options={starts} onChange={setStart} />
        {start === 'time' ? (
          <TextField
            label="Time"
            type="datetime-local"
            hint="Yours; the first record at or after it."
            value={time}
            onChange={setTime}
            problem={problems.get('/config/start.from') ?? null}
          />
        ) : null}
      </div>
      <div className="card stack" style={{ position: 'sticky', top: 64 }}>
        <div className="row">
          <Button onPress={() => void check()}>Check</Button>
          <Button isDisabled={!type.can_test} onPress={() => void tryStore()}>
            Test the connection
          </Button>
          <Button onPress={() => void show()}>Preview ten records</Button>
          <Button tone="primary" isDisabled={create.isPending} onPress={() => void make()}>
            Create
          </Button>
          <LinkButton to="/sinks">Cancel</LinkButton>
        </div>
        {error === null ? null : <ErrorNotice error={error} />}
        {checked === null ? null : (
          <p role="status">
            <Badge tone="good">all options are good</Badge> <Guarantee delivery={checked.delivery} isTold />
          </p>
        )}
        {test === null ? null : <TestResultList result={test} />}
        {preview === null ? null : <PreviewTable preview={preview} />}
        <h2>The same over REST</h2>
        <pre tabIndex={0} aria-label="The sink as JSON">
          {textOf(body)}
        </pre>
        <div className="row">
          <CopyButton label="Copy JSON" text={textOf(body)} />
          <CopyButton
            label="Copy as curl"
            text={`curl -X POST ${window.location.origin}${sinksPath} -H 'content-type: application/json' -d '${textOf(body).replaceAll("'", String.raw`'\''`)}'`}
          />
        </div>
      </div>
    </div>
  );
}

/** Of a field of local time; what is no time yet stays as it is, for the server to refuse. */
function isoOf(time: string): string {
  const ms = Date.parse(time);
  return Number.isNaN(ms) ? 'no time yet' : new Date(ms).toISOString();
}
