import { useEffect, useState, type ReactNode } from 'react';
import { queryClient, useGet } from '../api/queries.js';
import { live } from '../api/live.js';
import { ApiError, loginNeeded } from '../api/request.js';
import { ErrorNotice, Loading } from '../ui/notices.js';
import { LoginPage } from './login-page.js';

export type Area = 'cluster' | 'topics' | 'groups' | 'collectors' | 'sinks' | 'jobs' | 'security';
const levels = ['read', 'operate', 'edit', 'administer'] as const;
export type Level = (typeof levels)[number];

export interface Me {
  readonly name: string;
  /** False: everybody who reaches the server may do everything. */
  readonly login_needed: boolean;
  readonly grants: readonly { readonly level: Level; readonly areas: readonly Area[]; readonly name_prefix: string }[];
}

export function useMe(): Me | undefined {
  return useGet<Me>('/api/v1/me').data;
}

/**
 * Whether the caller may do something, so that buttons which would be refused are not offered; the server decides in any case. Without a
 * `name`: whether they may do it to anything.
 */
export function useMay(area: Area, level: Level, name?: string): boolean {
  const me = useMe();
  const readOnly = useGet<{ read_only: boolean }>('/api/v1/read-only').data?.read_only ?? false;
  if (me === undefined || (readOnly && level !== 'read' && area !== 'security')) return false;
  return me.grants.some(
    (grant) =>
      levels.indexOf(grant.level) >= levels.indexOf(level) &&
      (grant.areas.length === 0 || grant.areas.includes(area)) &&
      (name === undefined || name.startsWith(grant.name_prefix)),
  );
}

/** Shows the login in place of everything while the server wants one. */
export function SessionGate({ children }: { children: ReactNode }) {
  const { data, error, refetch } = useGet<Me>('/api/v1/me');
  const [isAsked, setIsAsked] = useState(false);
  useEffect(() => {
    const ask = (): void => setIsAsked(true);
    window.addEventListener(loginNeeded, ask);
    return () => window.removeEventListener(loginNeeded, ask);
  }, []);
  if (isAsked || (error instanceof ApiError && error.status === 401)) {
    return (
      <LoginPage
        wasIn={isAsked && data !== undefined}
        onLogin={() => {
          setIsAsked(false);
          live.reconnect();
          void queryClient.resetQueries();
        }}
      />
    );
  }
  if (data !== undefined) return <>{children}</>;
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  return <Loading what="the console" />;
}
