import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { useChange } from '../../api/queries.js';
import { ApiError, request, requestWithTag } from '../../api/request.js';
import { Button } from '../../ui/basics.js';
import { DiffView } from '../../ui/code-editor.js';
import { Dialog } from '../../ui/dialogs.js';
import { ErrorNotice, Loading, toast } from '../../ui/notices.js';
import { Time } from '../../ui/time.js';
import { collectorsPath, pathOf, type Collector, type Validation } from './collector-api.js';
import { setDraft, type Draft } from './drafts.js';
import { EffectNotice } from './effect.js';

/** First the difference and what it does, tried on the server; then the change, unless somebody else was quicker. */
export function ApplyDialog(props: { name: string; draft: Draft; effect: Validation['effect']; onClose: () => void }) {
  const { name, draft, effect, onClose } = props;
  const [refused, setRefused] = useState<unknown>(null);
  const path = pathOf(name);
  const options = {
    body: { flume_conf: draft.text },
    contentType: 'application/merge-patch+json',
    ifMatch: draft.base,
  };
  const trial = useQuery({
    queryKey: ['trial', name, draft.base, draft.text],
    queryFn: () => request<Collector>('PATCH', path, { ...options, query: { validate_only: true } }),
    retry: false,
    staleTime: 0,
    gcTime: 0,
  });
  const apply = useChange(() => request<Collector>('PATCH', path, options), collectorsPath);
  const error = refused ?? trial.error;
  if (isConflict(error))
    return <ConflictDialog name={name} draft={draft} onClose={onClose} onSolved={() => setRefused(null)} />;
  const run = async (): Promise<void> => {
    setRefused(null);
    try {
      const { revision } = await apply.mutateAsync(undefined);
      setDraft(name, null);
      toast(`Revision ${revision} of ${name} is applied; its worker takes it over within seconds.`);
      onClose();
    } catch (caught) {
      setRefused(caught);
    }
  };
  return (
    <Dialog title={`Change ${name}`} isOpen onClose={onClose} size="wide">
      <EffectNotice effect={effect} />
      <DiffView label="What changes" before={draft.baseText} after={draft.text} language="properties" />
      {error === null ? null : <ErrorNotice error={error} />}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <span className="grow quiet" role="status">
          {trial.isPending ? 'Trying it …' : trial.error === null ? 'Tried: the server would take it.' : ''}
        </span>
        <Button onPress={onClose}>Cancel</Button>
        <Button tone="primary" isDisabled={trial.data === undefined || apply.isPending} onPress={() => void run()}>
          Apply
        </Button>
      </div>
    </Dialog>
  );
}

/** Somebody else has changed it since: theirs is shown against mine, and nothing is lost before it is said which one counts. */
function ConflictDialog(props: { name: string; draft: Draft; onClose: () => void; onSolved: () => void }) {
  const { name, draft, onClose, onSolved } = props;
  const newest = useQuery({
    queryKey: ['conflict', name, draft.base],
    queryFn: () => requestWithTag<Collector>('GET', pathOf(name)),
    staleTime: 0,
    gcTime: 0,
  });
  return (
    <Dialog title={`Somebody else has changed ${name}`} isOpen onClose={onClose} size="wide">
      {newest.error === null ? null : <ErrorNotice error={newest.error} onRetry={() => void newest.refetch()} />}
      {newest.data === undefined ? (
        newest.error === null ? (
          <Loading what="their change" />
        ) : null
      ) : (
        <>
          <p className="notice" data-tone="warn">
            Revision {newest.data.body.revision} was made
            {newest.data.body.updated_by === '' ? '' : ` by ${newest.data.body.updated_by}`} at{' '}
            <Time at={newest.data.body.updated_at} />, after you had begun. Nothing of yours is applied.
          </p>
          <h3>What yours would change in theirs</h3>
          <DiffView
            label="Theirs and yours"
            before={newest.data.body.flume_conf}
            after={draft.text}
            language="properties"
          />
          <div className="row" style={{ justifyContent: 'flex-end' }}>
            <Button onPress={onClose}>Go on editing</Button>
            <Button
              tone="danger"
              onPress={() => {
                setDraft(name, null);
                onClose();
              }}
            >
              Take theirs, drop mine
            </Button>
            <Button
              tone="primary"
              onPress={() => {
                const { body, etag } = newest.data;
                setDraft(name, { text: draft.text, base: etag ?? '', baseText: body.flume_conf });
                onSolved();
              }}
            >
              Put mine in place of theirs …
            </Button>
          </div>
        </>
      )}
    </Dialog>
  );
}

function isConflict(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 412 || error.status === 409);
}
