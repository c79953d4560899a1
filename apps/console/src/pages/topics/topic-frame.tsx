import { useState, type ReactNode } from 'react';
import { useLocation } from 'wouter';
import { useLiveRow } from '../../api/live-hooks.js';
import { useGet } from '../../api/queries.js';
import { ApiError } from '../../api/request.js';
import { Badge, LinkButton, Page, TabLinks } from '../../ui/basics.js';
import { ActionMenu } from '../../ui/dialogs.js';
import { formatCount } from '../../ui/format.js';
import { EmptyState, ErrorNotice, Loading } from '../../ui/notices.js';
import { TopicDialogs, useTopicActions, type TopicDialog } from './topic-actions.js';
import { pathOf, type Topic } from './topic-api.js';
import './topics.css';

/** Head and tabs of a topic; what is below gets the topic when it is known. */
export function TopicFrame({ topic, children }: { topic: string; children: (found: Topic) => ReactNode }) {
  const [, navigate] = useLocation();
  const { data, error, refetch } = useGet<Topic>(pathOf(topic));
  const live = useLiveRow('topics', topic);
  const [dialog, setDialog] = useState<TopicDialog | null>(null);
  const isInternal = data?.internal ?? false;
  const actions = useTopicActions(topic, { isInternal, open: setDialog });
  const base = `/topics/${topic}`;
  const counted = (label: string, count: number | undefined): ReactNode =>
    count === undefined ? label : `${label} (${formatCount(count)})`;
  return (
    <Page
      title={topic}
      trail={[{ label: 'Topics', to: '/topics' }]}
      badge={isInternal ? <Badge>internal</Badge> : null}
      actions={<ActionMenu label={`Actions of ${topic}`} text="Actions ▾" actions={actions} />}
    >
      <TabLinks
        label={`Parts of ${topic}`}
        tabs={[
          { label: 'Overview', to: base },
          { label: 'Records', to: `${base}/records` },
          { label: counted('Partitions', data?.partitions), to: `${base}/partitions` },
          { label: 'Settings', to: `${base}/configs` },
          { label: counted('Groups', live?.groups.length), to: `${base}/groups` },
        ]}
      />
      {data === undefined ? <Missing topic={topic} error={error} onRetry={() => void refetch()} /> : children(data)}
      <TopicDialogs dialog={dialog} onClose={() => setDialog(null)} onDeleted={() => navigate('/topics')} />
    </Page>
  );
}

function Missing({ topic, error, onRetry }: { topic: string; error: unknown; onRetry: () => void }) {
  if (error === null) return <Loading what={`topic ${topic}`} />;
  if (error instanceof ApiError && error.status === 404) {
    return (
      <EmptyState
        title={`There is no topic ${topic}`}
        command={`npx millrace topic create ${topic}`}
        action={<LinkButton to="/topics">To the list</LinkButton>}
      />
    );
  }
  return <ErrorNotice error={error} onRetry={onRetry} />;
}
