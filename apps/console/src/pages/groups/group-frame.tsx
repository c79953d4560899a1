import { useState, type ReactNode } from 'react';
import { useLocation } from 'wouter';
import { useLiveRow } from '../../api/live-hooks.js';
import { useForget, useGet } from '../../api/queries.js';
import { request } from '../../api/request.js';
import { useMay } from '../../shell/session.js';
import { LinkButton, Page, StateBadge, TabLinks } from '../../ui/basics.js';
import { ActionMenu, Confirm } from '../../ui/dialogs.js';
import { ErrorNotice, Loading, toast } from '../../ui/notices.js';
import { groupsPath, pageOf, pathOf, type Group } from './group-api.js';
import './groups.css';

/** What all tabs of one group have around them. */
export function GroupFrame({ name, children }: { name: string; children: (group: Group) => ReactNode }) {
  const { data, error, refetch } = useGet<Group>(pathOf(name));
  const live = useLiveRow('groups', name);
  const [, navigate] = useLocation();
  const [isAsked, setIsAsked] = useState(false);
  const mayDelete = useMay('groups', 'edit', name);
  const forget = useForget();
  const state = live?.state ?? data?.state;
  const sink = live?.sink ?? null;
  return (
    <Page
      title={name}
      trail={[{ label: 'Groups', to: '/groups' }]}
      badge={state === undefined ? null : <StateBadge state={state} />}
      actions={
        <>
          {sink === null ? null : <LinkButton to={`/sinks/${encodeURIComponent(sink)}`}>Sink {sink}</LinkButton>}
          <ActionMenu
            label={`Actions of ${name}`}
            actions={[
              {
                label: mayDelete ? 'Delete …' : 'Delete … (your role may not)',
                tone: 'danger',
                isDisabled: !mayDelete,
                run: () => setIsAsked(true),
              },
            ]}
          />
        </>
      }
    >
      <TabLinks
        label={`Views of ${name}`}
        tabs={[
          { label: 'Overview', to: pageOf(name) },
          { label: 'Members', to: pageOf(name, 'members') },
          { label: 'Offsets', to: pageOf(name, 'offsets') },
        ]}
      />
      {error === null ? null : <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined ? error === null ? <Loading what={name} /> : null : children(data)}
      <Confirm
        title={`Delete ${name}?`}
        isOpen={isAsked}
        verb="Delete"
        typed={name}
        onClose={() => setIsAsked(false)}
        run={async () => {
          await request('DELETE', pathOf(name));
          navigate('/groups');
          await forget(pathOf(name), groupsPath);
          toast(`${name} is deleted.`);
        }}
      >
        Its committed offsets are gone: whoever comes back under this name begins anew. Only a group without members can
        be deleted.
      </Confirm>
    </Page>
  );
}
