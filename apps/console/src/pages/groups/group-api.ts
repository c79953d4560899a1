import { useEffect, useRef } from 'react';
import type { z } from 'zod';
import type { GroupLagView, GroupView, ResetBody, ResetPlanView } from '../../../../admin/src/v1/groups/group-views.js';
import { useLive } from '../../api/live-hooks.js';
import { useGet } from '../../api/queries.js';

export type Group = z.infer<typeof GroupView>;
export type GroupLag = z.infer<typeof GroupLagView>;
export type ResetPlan = z.infer<typeof ResetPlanView>;
export type Reset = ResetBody;

export const groupsPath = '/api/v1/groups';

export function pathOf(group: string): string {
  return `${groupsPath}/${encodeURIComponent(group)}`;
}

/** Of a view: `pageOf('web', 'offsets')`. */
export function pageOf(group: string, tab = ''): string {
  return `/groups/${encodeURIComponent(group)}${tab === '' ? '' : `/${tab}`}`;
}

const againMs = 2_000;

/** Asked again while the live numbers of the group move, not more often than every 2 s. */
export function useGroupLag(group: string) {
  const answer = useGet<GroupLag>(`${pathOf(group)}/lag`);
  const rows = useLive('group-partitions', `group=${encodeURIComponent(group)}`);
  const askedAt = useRef(0);
  const again = useRef(answer.refetch);
  again.current = answer.refetch;
  useEffect(() => {
    if (rows.size === 0 || performance.now() - askedAt.current < againMs) return;
    askedAt.current = performance.now();
    void again.current();
  }, [rows]);
  return answer;
}
