import { useState } from 'react';
import { useChange } from '../../api/queries.js';
import { ApiError, request, type Answer } from '../../api/request.js';
import { useMay } from '../../shell/session.js';
import { Button, StateBadge } from '../../ui/basics.js';
import { DiffView } from '../../ui/code-editor.js';
import { Dialog } from '../../ui/dialogs.js';
import { formatPlural } from '../../ui/format.js';
import { ErrorNotice, toast } from '../../ui/notices.js';
import type { FormValue } from '../../ui/schema-fields.js';
import { pathOf, sinksPath, useSinkStatus, type Sink, type SinkTest } from './sink-api.js';
import { draftOf, isSameWork, problemsOf, sent, textOf } from './sink-draft.js';
import { SinkForm } from './sink-form.js';
import { SinkFrame } from './sink-frame.js';
import { TestResultList } from './test-result.js';

export default function SinkConfigurationPage({ params }: { params: Readonly<Record<string, string>> }) {
  const name = params['name'] ?? '';
  return (
    <SinkFrame name={name}>{(answer) => <Configuration key={answer.etag} name={name} answer={answer} />}</SinkFrame>
  );
}

function Configuration({ name, answer }: { name: string; answer: Answer<Sink> }) {
  const before = draftOf(answer.body);
  const [draft, setDraft] = useState<FormValue>(before);
  const [error, setError] = useState<unknown>(null);
  const [test, setTest] = useState<SinkTest | null>(null);
  const [reviewed, setReviewed] = useState<Sink | null>(null);
  const mayEdit = useMay('sinks', 'edit', name);
  const mayTest = useMay('sinks', 'operate', name);
  const isChanged = textOf(sent(draft)) !== textOf(before);
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    setError(null);
    try {
      await work();
    } catch (caught) {
      setError(caught);
    }
  };
  const review = (): Promise<void> =>
    attempt(async () => {
      const query = { validate_only: true };
      setReviewed(await request<Sink>('PUT', pathOf(name), { body: sent(draft), query }));
    });
  const runTest = (): Promise<void> =>
    attempt(async () =>
      setTest(await request<SinkTest>('POST', `${pathOf(name)}:test`, { body: patchOf(before, sent(draft)) })),
    );
  return (
    <div className="stack">
      <SinkForm draft={draft} onChange={setDraft} problems={problemsOf(error)} />
      {error === null ? null : <ErrorNotice error={error} />}
      {test === null ? null : <TestResultList result={test} />}
      <div className="row">
        <Button tone="primary" isDisabled={!isChanged || !mayEdit} onPress={() => void review()}>
          Review the change
        </Button>
        <Button isDisabled={!mayTest} onPress={() => void runTest()}>
          Test the connection
        </Button>
        <Button isDisabled={!isChanged} onPress={() => setDraft(before)}>
          Undo all
        </Button>
        {mayEdit ? null : <span className="quiet">Your role may look at it only.</span>}
      </div>
      {reviewed === null ? null : (
        <Review
          name={name}
          etag={answer.etag}
          before={answer.body}
          after={reviewed}
          draft={sent(draft)}
          onClose={() => setReviewed(null)}
        />
      )}
    </div>
  );
}

/** What a merge patch says: what is other, and null for what is gone. */
function patchOf(before: FormValue, after: FormValue): FormValue {
  const gone = Object.keys(before).filter((name) => after[name] === undefined);
  return { ...after, ...Object.fromEntries(gone.map((name) => [name, null])) };
}

function Review(props: {
  name: string;
  etag: string | null;
  before: Sink;
  after: Sink;
  draft: FormValue;
  onClose: () => void;
}) {
  const { name, etag, before, after, draft, onClose } = props;
  const status = useSinkStatus(name).data;
  const [error, setError] = useState<unknown>(null);
  const apply = useChange(
    () => request<Sink>('PUT', pathOf(name), { body: draft, ...(etag === null ? {} : { ifMatch: etag }) }),
    sinksPath,
  );
  const tasks = status?.tasks.length ?? 0;
  const isQuiet = isSameWork(draftOf(before), draftOf(after));
  const run = async (): Promise<void> => {
    setError(null);
    try {
      const { revision } = await apply.mutateAsync(undefined);
      toast(`${name} has revision ${revision}.`);
      onClose();
    } catch (caught) {
      setError(caught);
    }
  };
  return (
    <Dialog title={`Change ${name}?`} isOpen onClose={onClose} size="wide">
      <ul className="stack" style={{ gap: 4 }}>
        <li>
          {isQuiet ? 'Restarts nothing.' : `Restarts ${formatPlural(tasks, 'task')}; each goes on from its position.`}
        </li>
        <li>
          Guarantee:{' '}
          {before.delivery === after.delivery ? (
            `stays ${before.delivery ?? 'unknown'}`
          ) : (
            <>
              {before.delivery ?? 'unknown'} becomes <StateBadge state={after.delivery ?? 'unknown'} />
            </>
          )}
        </li>
      </ul>
      <DiffView
        label={`What changes in ${name}`}
        language="json"
        before={textOf(draftOf(before))}
        after={textOf(draftOf(after))}
      />
      {error === null ? null : <ErrorNotice error={error} />}
      {error instanceof ApiError && (error.status === 409 || error.status === 412) ? (
        <p>Close this, look at the newest revision under History, and change that one.</p>
      ) : null}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button onPress={onClose}>Cancel</Button>
        <Button tone="primary" isDisabled={apply.isPending} onPress={() => void run()}>
          Apply
        </Button>
      </div>
    </Dialog>
  );
}
