import type { ReactNode } from 'react';
import { useLocation } from 'wouter';
import { useLiveRow } from '../../api/live-hooks.js';
import { useGetWithTag } from '../../api/queries.js';
import type { Answer } from '../../api/request.js';
import { LinkButton, Page, StateBadge, TabLinks } from '../../ui/basics.js';
import { ErrorNotice, Loading } from '../../ui/notices.js';
import { fileTypes } from '../files/file-api.js';
import { pageOf, pathOf, useSinkStatus, type Sink } from './sink-api.js';
import { SinkActions } from './sink-actions.js';
import './sinks.css';

/** What all tabs of one sink have around them. */
export function SinkFrame(props: { name: string; children: (answer: Answer<Sink>) => ReactNode }) {
  const { name } = props;
  const { data, error, refetch } = useGetWithTag<Sink>(pathOf(name));
  const status = useSinkStatus(name).data;
  const live = useLiveRow('sinks', name);
  const [, navigate] = useLocation();
  const state = live?.state ?? status?.state;
  const target = live?.target ?? status?.wanted_state;
  const failedTasks = status?.tasks.filter((task) => task.state === 'FAILED').length ?? 0;
  const folder = encodeURIComponent(name);
  return (
    <Page
      title={name}
      trail={[{ label: 'Sinks', to: '/sinks' }]}
      badge={state === undefined ? null : <StateBadge state={state} />}
      actions={
        <>
          {data !== undefined && fileTypes.has(data.body.type) ? (
            <LinkButton to={`/files/${folder}`}>Files</LinkButton>
          ) : null}
          <LinkButton to={`/dead-letters/${folder}`}>Dead letters</LinkButton>
          {target === undefined ? null : (
            <SinkActions sink={{ name, target, failedTasks }} onDeleted={() => navigate('/sinks')} />
          )}
        </>
      }
    >
      <TabLinks
        label={`Views of ${name}`}
        tabs={[
          { label: 'Overview', to: pageOf(name) },
          { label: 'Configuration', to: pageOf(name, 'configuration') },
          { label: 'Offsets', to: pageOf(name, 'offsets') },
          { label: 'Preview', to: pageOf(name, 'preview') },
          { label: 'History', to: pageOf(name, 'history') },
        ]}
      />
      {error === null ? null : <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined ? error === null ? <Loading what={name} /> : null : props.children(data)}
    </Page>
  );
}
