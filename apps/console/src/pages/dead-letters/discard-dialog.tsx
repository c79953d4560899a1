import { useState } from 'react';
import { useChange } from '../../api/queries.js';
import { request } from '../../api/request.js';
import { Confirm } from '../../ui/dialogs.js';
import { TextField } from '../../ui/fields.js';
import { formatPlural } from '../../ui/format.js';
import { dlqPath, type DiscardPlan, type SubmittedJob } from './letter-types.js';
import { LettersJobEnd, usePlan } from './letters-job.js';

/** Marks letters as discarded, with why; `typed` wants that text typed first. */
export function DiscardDialog(props: {
  sink: string;
  isOpen: boolean;
  onClose: () => void;
  choice: Readonly<Record<string, unknown>>;
  /** Which letters, in words. */
  what: string;
  typed?: string;
}) {
  const { sink, isOpen, onClose, choice, what, typed } = props;
  const [reason, setReason] = useState('');
  const [job, setJob] = useState<string | null>(null);
  const count = usePlan<DiscardPlan>(isOpen ? `${dlqPath(sink)}:discard` : null, choice).data?.count;
  const discard = useChange(
    () => request<SubmittedJob>('POST', `${dlqPath(sink)}:discard`, { body: { ...choice, reason: reason.trim() } }),
    dlqPath(sink),
  );
  return (
    <>
      {job === null ? null : <LettersJobEnd key={job} sink={sink} id={job} />}
      <Confirm
        title="Discard dead letters"
        verb="Discard"
        isOpen={isOpen}
        onClose={onClose}
        isDisabled={reason.trim() === ''}
        {...(typed === undefined ? {} : { typed })}
        run={async () => {
          const { id } = await discard.mutateAsync(undefined);
          setJob(id);
          setReason('');
        }}
      >
        <div className="stack">
          <p>
            {count === undefined ? 'These' : formatPlural(count, 'letter')}: {what}. They are marked as discarded and no
            redrive takes them any more. The records stay in the dead-letter topic until its retention removes them.
          </p>
          <TextField
            label="Reason"
            hint="Stands with the job, for whoever asks later."
            value={reason}
            onChange={setReason}
            isRequired
          />
        </div>
      </Confirm>
    </>
  );
}
