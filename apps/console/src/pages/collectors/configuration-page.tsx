import { useEffect, useState } from 'react';
import { useGetWithTag } from '../../api/queries.js';
import { useMay } from '../../shell/session.js';
import { Badge, Button, CopyButton } from '../../ui/basics.js';
import { ApplyDialog } from './apply-dialog.js';
import { pathOf, useComponents, useStatus, type Collector } from './collector-api.js';
import { CollectorFrame } from './collector-frame.js';
import { ConfEditor } from './conf-editor.js';
import { setDraft, useDraft } from './drafts.js';
import { useValidation } from './use-validation.js';

export default function ConfigurationPage({ params }: { params: Readonly<Record<string, string>> }) {
  const name = params['name'] ?? '';
  return (
    <CollectorFrame key={name} name={name}>
      {({ body, etag }) => <Configuration collector={body} etag={etag ?? ''} />}
    </CollectorFrame>
  );
}

function Configuration({ collector, etag }: { collector: Collector; etag: string }) {
  const { name, flume_conf: kept, revision } = collector;
  const draft = useDraft(name);
  const mayEdit = useMay('collectors', 'edit', name);
  const [isApplying, setIsApplying] = useState(false);
  const text = draft?.text ?? kept;
  const checked = useValidation(`${pathOf(name)}:validate`, text);
  const isChecked = checked.text === text && checked.validation !== null;
  const isValid = isChecked && checked.validation?.valid === true;
  const change = (next: string): void => {
    const made = draft ?? { base: etag, baseText: kept };
    setDraft(name, next === made.baseText ? null : { base: made.base, baseText: made.baseText, text: next });
  };
  return (
    <>
      <div className="row">
        <Running name={name} revision={revision} />
        <span className="grow" />
        <CopyButton text={text} label="Copy the text" />
        {mayEdit ? (
          <>
            <Button isDisabled={draft === null} onPress={() => setDraft(name, null)}>
              Discard changes
            </Button>
            <Button tone="primary" isDisabled={draft === null || !isValid} onPress={() => setIsApplying(true)}>
              Review and apply …
            </Button>
          </>
        ) : (
          <span className="quiet">Your role may look, not change.</span>
        )}
      </div>
      <ConfEditor
        label={`flume.conf of ${name}`}
        text={text}
        checked={checked}
        {...(mayEdit ? { onChange: change } : {})}
      />
      {draft !== null && isApplying ? (
        <ApplyDialog
          name={name}
          draft={draft}
          effect={checked.validation?.effect ?? null}
          onClose={() => setIsApplying(false)}
        />
      ) : null}
    </>
  );
}

/** Which revision is wanted and which one runs; notices when somebody else has changed it. */
function Running({ name, revision }: { name: string; revision: number }) {
  const said = useComponents(name).data;
  const newest = useStatus(name).data?.revision;
  const { refetch } = useGetWithTag<Collector>(pathOf(name));
  useEffect(() => {
    if (newest !== undefined && newest !== revision) void refetch();
  }, [newest, revision, refetch]);
  const running = said?.running_revision ?? null;
  return (
    <span className="row" role="status" style={{ gap: 6 }}>
      Revision {revision}
      {running === revision ? (
        <Badge tone="good">runs</Badge>
      ) : running === null || running === 0 ? (
        <Badge>does not run</Badge>
      ) : (
        <Badge tone="warn">revision {running} still runs</Badge>
      )}
    </span>
  );
}
