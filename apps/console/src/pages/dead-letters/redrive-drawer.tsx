/** Sends letters again: what is changed of them, what would happen, then the job. */
import { useState } from 'react';
import { useChange } from '../../api/queries.js';
import { request } from '../../api/request.js';
import { Button } from '../../ui/basics.js';
import { Drawer } from '../../ui/dialogs.js';
import { TextArea, TextField } from '../../ui/fields.js';
import { ErrorNotice, Loading } from '../../ui/notices.js';
import { dlqPath, type Letter, type RedrivePlan, type SubmittedJob } from './letter-types.js';
import { draftOf, editOf, LetterEditor, type LetterDraft } from './letter-editor.js';
import { LettersJob, usePlan } from './letters-job.js';
import { RedrivePlanShown } from './redrive-plan.js';

interface Props {
  readonly sink: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** Body of the request so far: `ids` or conditions. */
  readonly choice: Readonly<Record<string, unknown>>;
  /** Which letters, in words. */
  readonly what: string;
  /** The only one; it can be edited whole. */
  readonly letter?: Letter;
}

export function RedriveDrawer(props: Props) {
  const title = props.letter === undefined ? 'Redrive dead letters' : 'Edit and redrive';
  return (
    <Drawer title={title} isOpen={props.isOpen} onClose={props.onClose}>
      <Redrive {...props} />
    </Drawer>
  );
}

/** What is typed is gone when the drawer closes. */
function Redrive({ sink, choice, what, letter, onClose }: Props) {
  const [draft, setDraft] = useState<LetterDraft | null>(letter === undefined ? null : draftOf(letter));
  const [rate, setRate] = useState('100');
  const [patch, setPatch] = useState('');
  const [target, setTarget] = useState('');
  const [asked, setAsked] = useState<Readonly<Record<string, unknown>> | null>(null);
  const plan = usePlan<RedrivePlan>(asked === null ? null : `${dlqPath(sink)}:redrive`, asked ?? {});
  const redrive = useChange(
    (body: Readonly<Record<string, unknown>>) => request<SubmittedJob>('POST', `${dlqPath(sink)}:redrive`, { body }),
    dlqPath(sink),
  );
  const patched = parsedPatch(patch);
  const isRateGood = /^\d{1,7}$/.test(rate);
  const edit = letter !== undefined && draft !== null ? editOf(letter, draft) : patched.edit;
  const body = {
    ...choice,
    ...(edit === undefined ? {} : { edit }),
    ...(target.trim() === '' ? {} : { target_topic: target.trim() }),
    rate: Number(rate),
  };
  if (redrive.data !== undefined) {
    return (
      <>
        <LettersJob sink={sink} id={redrive.data.id} />
        <div className="row">
          <Button onPress={onClose}>Close</Button>
        </div>
      </>
    );
  }
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        setAsked(body);
      }}
      onChange={() => setAsked(null)}
    >
      <p>
        {letter === undefined ? `Sends ${what}` : 'Sends this letter'} again, into the topic it came from. Each is sent
        once; every reader of that topic gets it.
      </p>
      {letter === undefined || draft === null ? (
        <TextArea
          label="Change each value (JSON Merge Patch)"
          hint={
            'Of values that are JSON objects; others are left. {"status": 200, "debug": null} sets one field and removes another.'
          }
          rows={3}
          value={patch}
          onChange={setPatch}
          problem={patched.problem}
        />
      ) : (
        <LetterEditor
          draft={draft}
          onChange={(changed) => {
            setDraft(changed);
            setAsked(null);
          }}
        />
      )}
      <TextField
        label="Target topic"
        hint="Empty: where each came from. Name one that only this sink reads where other readers must not see it twice."
        value={target}
        onChange={setTarget}
      />
      {letter === undefined ? (
        <TextField
          label="Rate, records a second"
          hint="0: no limit."
          type="number"
          value={rate}
          onChange={setRate}
          problem={isRateGood ? null : 'A whole number, at most 1,000,000.'}
        />
      ) : null}
      {plan.error === null ? null : <ErrorNotice error={plan.error} />}
      {redrive.error === null ? null : <ErrorNotice error={redrive.error} />}
      {asked !== null && plan.isLoading ? <Loading what="what would be sent" /> : null}
      {asked !== null && plan.data !== undefined ? (
        <RedrivePlanShown plan={plan.data} {...(letter === undefined ? {} : { before: letter.value })} />
      ) : null}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button onPress={onClose}>Cancel</Button>
        {asked === null || plan.data === undefined ? (
          <Button type="submit" tone="primary" isDisabled={!isRateGood || patched.problem !== null}>
            Show what would be sent
          </Button>
        ) : (
          <Button
            tone="primary"
            isDisabled={redrive.isPending || plan.data.counts.sent === 0}
            onPress={() => redrive.mutate(asked)}
          >
            {`Send ${plan.data.counts.sent}${plan.data.complete ? '' : ' or more'} again`}
          </Button>
        )}
      </div>
    </form>
  );
}

function parsedPatch(text: string): { edit: object | undefined; problem: string | null } {
  if (text.trim() === '') return { edit: undefined, problem: null };
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return { edit: { value_patch: value }, problem: null };
    }
  } catch {
    // Said below.
  }
  return { edit: undefined, problem: 'This is no JSON object.' };
}
