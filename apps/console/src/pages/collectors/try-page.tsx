import { useState } from 'react';
import { useSearchParams } from 'wouter';
import { request, requestLines } from '../../api/request.js';
import { useMay } from '../../shell/session.js';
import { Badge, Button, LinkButton } from '../../ui/basics.js';
import { SelectField, TextArea, TextField } from '../../ui/fields.js';
import { ErrorNotice, toast, toastError } from '../../ui/notices.js';
import { pageOf, pathOf, type Collector, type SampleAnswer } from './collector-api.js';
import { CollectorFrame } from './collector-frame.js';
import { sourcesOf } from './conf-text.js';
import { useDraft } from './drafts.js';
import { SampleResults } from './sample-results.js';

const linesMax = 1_000;
const takenMax = 10;
const takeSeconds = 8;

export default function TryPage({ params }: { params: Readonly<Record<string, string>> }) {
  const name = params['name'] ?? '';
  return (
    <CollectorFrame key={name} name={name}>
      {({ body }) => <TryView collector={body} />}
    </CollectorFrame>
  );
}

function TryView({ collector }: { collector: Collector }) {
  const { name, agent } = collector;
  const draft = useDraft(name);
  const may = useMay('collectors', 'operate', name);
  const [search, setSearch] = useSearchParams();
  const [text, setText] = useState('');
  const [headers, setHeaders] = useState('');
  const [answer, setAnswer] = useState<SampleAnswer | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState<'tries' | 'takes' | null>(null);
  const sources = sourcesOf(draft?.text ?? collector.flume_conf, agent);
  const asked = search.get('source') ?? '';
  const source = sources.includes(asked) ? asked : (sources[0] ?? '');
  const given = headersOf(headers);
  const lines = text === '' ? 0 : text.replace(/\n$/, '').split('\n').length;

  const run = async (): Promise<void> => {
    setBusy('tries');
    setError(null);
    try {
      const body = { source, text, headers: given ?? {}, ...(draft === null ? {} : { flume_conf: draft.text, agent }) };
      setAnswer(await request<SampleAnswer>('POST', `${pathOf(name)}:preview`, { body }));
    } catch (caught) {
      setAnswer(null);
      setError(caught);
    } finally {
      setBusy(null);
    }
  };
  const take = async (): Promise<void> => {
    setBusy('takes');
    try {
      const query = { edge: `source.${source}`, max: takenMax, seconds: takeSeconds };
      const taken: string[] = [];
      for await (const line of requestLines<{ body?: string }>('GET', `${pathOf(name)}/tap`, { query })) {
        if (line.body !== undefined) taken.push(line.body.replaceAll('\n', ' '));
      }
      if (taken.length === 0) toast(`Nothing passed ${source} within ${takeSeconds} s.`, 'warn');
      else setText(`${taken.join('\n')}\n`);
    } catch (caught) {
      toastError(caught);
    } finally {
      setBusy(null);
    }
  };
  return (
    <>
      <p className="quiet">
        Lines go through the interceptors and the selector of a source, on the server and within bounds: nothing is
        read, nothing is written, and no channel or sink is touched.
      </p>
      {draft === null ? null : (
        <p className="notice row" data-tone="warn">
          <span className="grow">What is tried is the text that you have changed and not applied yet.</span>
          <LinkButton to={pageOf(name, 'configuration')}>To the text</LinkButton>
        </p>
      )}
      <div className="columns">
        <div className="stack">
          <SelectField
            label="Source"
            value={source}
            onChange={(value) => setSearch({ source: value }, { replace: true })}
            options={sources.length === 0 ? [{ value: '', label: 'none' }] : sources}
          />
          <TextArea
            label="Sample lines"
            rows={8}
            value={text}
            onChange={setText}
            hint={`Each line is the body of one event; at most ${linesMax.toLocaleString('en')} lines and 1 MB.`}
            problem={lines > linesMax ? `There are ${lines.toLocaleString('en')} lines.` : null}
          />
          <TextField
            label="Headers that the source gives"
            value={headers}
            placeholder="file=/var/log/app.log host=web-1"
            onChange={setHeaders}
            hint="name=value, with blanks between them; may stay empty."
            problem={given === null ? 'Each is a name, = and a value.' : null}
          />
          <div className="row">
            <Button
              tone="primary"
              isDisabled={!may || text === '' || lines > linesMax || given === null || busy !== null || source === ''}
              onPress={() => void run()}
            >
              {busy === 'tries' ? 'Trying …' : 'Try'}
            </Button>
            <Button isDisabled={busy !== null || source === ''} onPress={() => void take()}>
              {busy === 'takes' ? 'Waiting for events …' : 'Take what passes now'}
            </Button>
            {may ? null : <span className="quiet">Your role may not try.</span>}
          </div>
        </div>
        {answer === null ? null : <Chain answer={answer} />}
      </div>
      {error === null ? null : <ErrorNotice error={error} />}
      {answer === null ? null : <SampleResults answer={answer} given={given ?? {}} />}
    </>
  );
}

/** What the lines went through, and what did not run. */
function Chain({ answer }: { answer: SampleAnswer }) {
  return (
    <section className="card stack" aria-labelledby="chain">
      <h2 id="chain">What they went through</h2>
      <ol className="stack" style={{ gap: 6, paddingLeft: 20 }}>
        <li>Source {answer.source}: these lines in its place</li>
        {answer.interceptors.map(({ name, type, ran, note }) => (
          <li key={name}>
            Interceptor {name} <span className="quiet">{type}</span> {ran ? null : <Badge tone="warn">left out</Badge>}{' '}
            {note === null ? null : <span className="quiet">{note}</span>}
          </li>
        ))}
        <li>
          Selector {answer.selector} <span className="quiet">over {answer.channels.join(', ')}</span>
        </li>
      </ol>
    </section>
  );
}

/** Null where it is none. */
function headersOf(text: string): Record<string, string> | null {
  const headers: Record<string, string> = {};
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    const at = word.indexOf('=');
    if (at < 1) return null;
    headers[word.slice(0, at)] = word.slice(at + 1);
  }
  return headers;
}
