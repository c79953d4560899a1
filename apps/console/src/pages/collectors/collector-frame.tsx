import type { ReactNode } from 'react';
import { useLocation } from 'wouter';
import { useLiveRow } from '../../api/live-hooks.js';
import { useGetWithTag } from '../../api/queries.js';
import type { Answer } from '../../api/request.js';
import { Badge, Page, StateBadge, TabLinks } from '../../ui/basics.js';
import { ErrorNotice, Loading } from '../../ui/notices.js';
import { CollectorActions } from './collector-actions.js';
import { pageOf, pathOf, useStatus, type Collector } from './collector-api.js';
import { useDraft } from './drafts.js';
import './collectors.css';

/** What all tabs of one collector have around them. */
export function CollectorFrame(props: { name: string; children: (answer: Answer<Collector>) => ReactNode }) {
  const { name } = props;
  const { data, error, refetch } = useGetWithTag<Collector>(pathOf(name));
  const status = useStatus(name).data;
  const live = useLiveRow('collectors', name);
  const draft = useDraft(name);
  const [, navigate] = useLocation();
  const state = live?.state ?? status?.state;
  const target = live?.target ?? status?.wanted_state;
  const failedTasks = status?.tasks.filter((task) => task.state === 'FAILED').length ?? 0;
  return (
    <Page
      title={name}
      trail={[{ label: 'Collectors', to: '/collectors' }]}
      badge={state === undefined ? null : <StateBadge state={state} />}
      actions={
        target === undefined ? null : (
          <CollectorActions collector={{ name, target, failedTasks }} onDeleted={() => navigate('/collectors')} />
        )
      }
    >
      <TabLinks
        label={`Views of ${name}`}
        tabs={[
          { label: 'Overview', to: pageOf(name) },
          {
            label:
              draft === null ? (
                'Configuration'
              ) : (
                <>
                  Configuration <Badge tone="warn">not applied</Badge>
                </>
              ),
            to: pageOf(name, 'configuration'),
          },
          { label: 'Try', to: pageOf(name, 'try') },
          { label: 'Tap', to: pageOf(name, 'tap') },
          { label: 'History', to: pageOf(name, 'history') },
        ]}
      />
      {error === null ? null : <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined ? error === null ? <Loading what={name} /> : null : props.children(data)}
    </Page>
  );
}
