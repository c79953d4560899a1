/** A redrive or a discard while it runs, and what it came to. */
import { useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { useEffect } from 'react';
import { Link } from 'wouter';
import type { z } from 'zod';
import type { JobView } from '../../../../admin/src/v1/jobs/job-views.js';
import { useLiveRow } from '../../api/live-hooks.js';
import { useGet } from '../../api/queries.js';
import { request } from '../../api/request.js';
import { Button, Progress, StateBadge } from '../../ui/basics.js';
import { formatPlural } from '../../ui/format.js';
import { ErrorNotice, Loading, toast } from '../../ui/notices.js';
import { dlqPath } from './letter-types.js';

type Job = z.infer<typeof JobView>;

/** What a change would do; `path` null: nothing is asked yet. */
export function usePlan<T>(path: string | null, body: Readonly<Record<string, unknown>>): UseQueryResult<T> {
  return useQuery<T>({
    queryKey: [path, body, 'plan'],
    enabled: path !== null,
    staleTime: 0,
    gcTime: 0,
    queryFn: ({ signal }) => request<T>('POST', path ?? '', { query: { validate_only: true }, body, signal }),
  });
}

/** Asked for again whenever the stream of events has news of it; the letters too, once it has ended. */
function useLettersJob(sink: string, id: string): Pick<UseQueryResult<Job>, 'data' | 'error' | 'refetch'> {
  const client = useQueryClient();
  const live = useLiveRow('jobs', id);
  const { data, error, refetch } = useGet<Job>(`/api/v1/jobs/${encodeURIComponent(id)}`);
  const isLive = live !== undefined;
  useEffect(() => {
    if (isLive) void refetch();
  }, [isLive, live?.state, live?.done, refetch]);
  const isEnded = data !== undefined && data.finished_at !== null;
  useEffect(() => {
    if (!isEnded) return;
    void client.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[0]).startsWith(dlqPath(sink)) });
  }, [isEnded, client, sink]);
  return { data, error, refetch };
}

export function LettersJob({ sink, id }: { sink: string; id: string }) {
  const { data, error, refetch } = useLettersJob(sink, id);
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Loading what="the job" />;
  const { progress } = data;
  return (
    <section className="stack" aria-label="Job" aria-live="polite">
      <div className="row">
        <StateBadge state={data.state} />
        <Link to={`/jobs/${encodeURIComponent(id)}`}>Job {id}</Link>
        {data.finished_at === null ? <Button onPress={() => void refetch()}>Look again</Button> : null}
      </div>
      <Progress label="Letters looked at" done={progress.done} total={progress.total} rate={progress.rate} />
      {data.error === null ? null : <p>{data.error}</p>}
      {data.state === 'succeeded' ? <p>{outcome(data)}</p> : null}
    </section>
  );
}

/** Says how a job ended, and draws nothing. */
export function LettersJobEnd({ sink, id }: { sink: string; id: string }) {
  const { data } = useLettersJob(sink, id);
  const isEnded = data !== undefined && data.finished_at !== null;
  useEffect(() => {
    if (isEnded) toast(data.error ?? outcome(data), data.state === 'succeeded' ? 'good' : 'bad');
    // Said once.
  }, [isEnded]);
  return null;
}

function outcome({ type, result }: Job): string {
  const count = (name: string): number => {
    const value = result?.[name];
    return typeof value === 'number' ? value : 0;
  };
  if (type === 'discard') return `${formatPlural(count('discarded'), 'letter')} discarded.`;
  const left = count('handled') + count('loop') + count('no_origin') + count('not_editable');
  return `${formatPlural(count('sent'), 'letter')} sent again${left === 0 ? '' : `, ${left} left`}.`;
}
