import { useState } from 'react';
import { useChange } from '../../api/queries.js';
import { request } from '../../api/request.js';
import { useMay } from '../../shell/session.js';
import { ActionMenu, Confirm } from '../../ui/dialogs.js';
import { toast } from '../../ui/notices.js';
import { isOpen, jobsPath, pathOf, subjectOf, type Job } from './job-api.js';

const says = {
  cancel: 'It stops where it is. What it has done stays, and it can go on from there.',
  resume: 'It goes on from its last place.',
} as const;

export function JobActions({ job }: { job: Job }) {
  const [asked, setAsked] = useState<keyof typeof says | null>(null);
  const may = useMay('jobs', 'operate');
  const change = useChange((verb: string) => request<Job>('POST', `${pathOf(job.id)}:${verb}`), jobsPath);
  const denied = may ? '' : ' (your role may not)';
  const canResume = job.state === 'cancelled' || job.state === 'failed';
  return (
    <>
      <ActionMenu
        label={`Actions of ${job.type} ${subjectOf(job)}`}
        actions={[
          { label: `Cancel …${denied}`, isDisabled: !may || !isOpen(job.state), run: () => setAsked('cancel') },
          { label: `Go on …${denied}`, isDisabled: !may || !canResume, run: () => setAsked('resume') },
        ]}
      />
      {asked === null ? null : (
        <Confirm
          title={asked === 'cancel' ? `Cancel this ${job.type}?` : `Let this ${job.type} go on?`}
          isOpen
          verb={asked === 'cancel' ? 'Cancel the job' : 'Go on'}
          tone={asked === 'cancel' ? 'danger' : 'primary'}
          onClose={() => setAsked(null)}
          run={async () => {
            await change.mutateAsync(asked);
            toast(asked === 'cancel' ? 'The job stops.' : 'The job goes on.');
          }}
        >
          {says[asked]}
        </Confirm>
      )}
    </>
  );
}
