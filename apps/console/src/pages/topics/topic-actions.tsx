import { useLocation } from 'wouter';
import { useBootstrap } from '../../api/nodes.js';
import { useChange, useGet } from '../../api/queries.js';
import { useMay } from '../../shell/session.js';
import { Confirm, type Action } from '../../ui/dialogs.js';
import { formatBytes, formatPlural } from '../../ui/format.js';
import { toast, toastError } from '../../ui/notices.js';
import { PurgeDialog } from './purge-topic.js';
import { deleteTopic, pathOf, type Topic, type TopicGroups } from './topic-api.js';
import { kcatCommand } from './topic-commands.js';
import { recordsOf, sizeOf } from './topic-words.js';

export interface TopicDialog {
  readonly kind: 'purge' | 'delete';
  readonly topic: string;
}

/** What can be done with a topic, by the caller's rights. */
export function useTopicActions(
  topic: string,
  { isInternal, open }: { isInternal: boolean; open: (dialog: TopicDialog) => void },
): readonly Action[] {
  const [, navigate] = useLocation();
  const bootstrap = useBootstrap();
  const mayEdit = useMay('topics', 'edit', topic);
  const isDisabled = !mayEdit || isInternal;
  const why = !mayEdit ? ' (needs an editor)' : isInternal ? ' (internal topic)' : '';
  return [
    { label: 'Records', run: () => navigate(`/topics/${topic}/records`) },
    { label: 'Settings', run: () => navigate(`/topics/${topic}/configs`) },
    { label: 'Copy link', run: () => copy(`${window.location.origin}/console/topics/${topic}`, 'the link') },
    { label: 'Copy kcat command', run: () => copy(kcatCommand(topic, bootstrap), 'the command') },
    { label: `Purge records …${why}`, tone: 'danger', isDisabled, run: () => open({ kind: 'purge', topic }) },
    { label: `Delete …${why}`, tone: 'danger', isDisabled, run: () => open({ kind: 'delete', topic }) },
  ];
}

function copy(text: string, what: string): void {
  void navigator.clipboard.writeText(text).then(() => toast(`Copied ${what}.`), toastError);
}

/** The dialogs of these actions; `onDeleted` after the topic is gone. */
export function TopicDialogs(props: { dialog: TopicDialog | null; onClose: () => void; onDeleted?: () => void }) {
  const { dialog, onClose, onDeleted } = props;
  if (dialog === null) return null;
  if (dialog.kind === 'purge') return <PurgeDialog topic={dialog.topic} onClose={onClose} />;
  return <DeleteDialog topic={dialog.topic} onClose={onClose} {...(onDeleted === undefined ? {} : { onDeleted })} />;
}

function DeleteDialog({ topic, onClose, onDeleted }: { topic: string; onClose: () => void; onDeleted?: () => void }) {
  const { data } = useGet<Topic>(pathOf(topic));
  const readers = useGet<TopicGroups>(`${pathOf(topic)}/groups`).data?.groups ?? [];
  const change = useChange(deleteTopic, '/api/v1/topics');
  const details = data?.partition_details ?? [];
  const active = readers.filter(({ members }) => members > 0);
  return (
    <Confirm
      title={`Delete ${topic}`}
      isOpen
      onClose={onClose}
      verb="Delete topic"
      typed={topic}
      run={async () => {
        await change.mutateAsync(topic);
        toast(`Topic ${topic} is deleted.`);
        onDeleted?.();
      }}
    >
      <div className="stack">
        <p>
          The topic, its settings and its records
          {data === undefined
            ? ''
            : ` (${formatPlural(recordsOf(details), 'record')}, ${formatBytes(sizeOf(details))})`}{' '}
          are gone for good.
        </p>
        {readers.length === 0 ? null : (
          <p>
            {active.length > 0 ? (
              <>
                <strong>Read at this moment</strong> by {active.map(({ name }) => name).join(', ')}.{' '}
              </>
            ) : null}
            Positions in it: {readers.map(({ name }) => name).join(', ')}. A sink of this topic waits for it to come
            back, or fails.
          </p>
        )}
      </div>
    </Confirm>
  );
}
