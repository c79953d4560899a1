import { useEffect, useMemo } from 'react';
import { Link, useLocation } from 'wouter';
import type { LiveJob } from '../../../../admin/src/v1/events/live-rows.js';
import { useLive } from '../../api/live-hooks.js';
import { usePages } from '../../api/queries.js';
import { useMay } from '../../shell/session.js';
import { LinkButton, Page, StateBadge } from '../../ui/basics.js';
import { DataTable, type Column } from '../../ui/data-table.js';
import { TextField } from '../../ui/fields.js';
import { formatCount, formatRate, formatSeconds } from '../../ui/format.js';
import { EmptyState, ErrorNotice, Loading } from '../../ui/notices.js';
import { Time } from '../../ui/time.js';
import { useParam } from '../../ui/use-param.js';
import { isOpen, jobsPath, progressOf, subjectOf, type Job } from './job-api.js';
import { JobActions } from './job-actions.js';

interface Row {
  readonly job: Job;
  readonly state: string;
  readonly live: LiveJob | undefined;
}

export default function JobsPage() {
  const [filter, setFilter] = useParam('filter');
  const { data, error, refetch, hasNextPage, fetchNextPage } = usePages<Job>(jobsPath, { page_size: 200 });
  const live = useLive('jobs');
  const [, navigate] = useLocation();
  const mayBegin = useMay('jobs', 'operate');
  const jobs = useMemo(() => (data?.pages ?? []).flatMap((page) => page.data), [data]);
  const isNew = data !== undefined && [...live.keys()].some((id) => !jobs.some((job) => job.id === id));
  useEffect(() => {
    if (isNew) void refetch();
  }, [isNew, refetch]);
  const rows = useMemo(
    () =>
      jobs
        .map((job): Row => ({ job, state: live.get(job.id)?.state ?? job.state, live: live.get(job.id) }))
        .filter(({ job, state }) =>
          `${job.type} ${subjectOf(job)} ${state} ${job.created_by}`.toLowerCase().includes(filter.toLowerCase()),
        )
        .toSorted((left, right) => Number(isOpen(right.state)) - Number(isOpen(left.state))),
    [jobs, live, filter],
  );
  return (
    <Page
      title="Jobs"
      actions={
        mayBegin ? (
          <LinkButton to="/jobs/new" tone="primary">
            New job
          </LinkButton>
        ) : null
      }
    >
      {error === null ? null : <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null ? <Loading what="jobs" /> : null}
      {data !== undefined && jobs.length === 0 ? (
        <EmptyState
          title="No jobs yet"
          command="npx millrace topic export access-log"
          {...(mayBegin ? { action: <LinkButton to="/jobs/new">Begin one</LinkButton> } : {})}
        >
          Replays, exports, copies and checks run on the server and survive this window.
        </EmptyState>
      ) : null}
      {jobs.length === 0 ? null : (
        <>
          <div data-shortcut="search" style={{ maxWidth: 420 }}>
            <TextField
              label="Filter"
              type="search"
              value={filter}
              placeholder="part of a type, a topic, a sink, a state or a name"
              onChange={setFilter}
            />
          </div>
          <DataTable
            label="Jobs"
            columns={columns}
            rows={rows}
            keyOf={({ job }) => job.id}
            rowHeight={44}
            onOpen={({ job }) => navigate(`/jobs/${job.id}`)}
            empty={<p className="quiet">None matches “{filter}”.</p>}
            {...(hasNextPage ? { onEnd: () => void fetchNextPage() } : {})}
          />
        </>
      )}
    </Page>
  );
}

const columns: readonly Column<Row>[] = [
  {
    id: 'type',
    title: 'Job',
    width: 'minmax(130px, 1fr)',
    sortBy: ({ job }) => job.type,
    cell: ({ job }) => <Link to={`/jobs/${job.id}`}>{job.type}</Link>,
  },
  {
    id: 'subject',
    title: 'Of',
    width: 'minmax(160px, 2fr)',
    sortBy: ({ job }) => subjectOf(job),
    cell: ({ job }) => subjectOf(job),
  },
  {
    id: 'state',
    title: 'State',
    width: 'minmax(110px, 0.8fr)',
    sortBy: ({ state }) => state,
    cell: ({ state }) => <StateBadge state={state} />,
  },
  {
    id: 'progress',
    title: 'Done',
    width: 'minmax(200px, 1.6fr)',
    cell: ({ job, live }) => <ProgressWords {...progressOf(job, live)} />,
  },
  {
    id: 'rate',
    title: 'Rate',
    isNumber: true,
    sortBy: ({ job, live }) => progressOf(job, live).rate,
    cell: ({ job, state, live }) => (isOpen(state) ? formatRate(progressOf(job, live).rate) : '–'),
  },
  {
    id: 'left',
    title: 'Time left',
    isNumber: true,
    cell: ({ job, state, live }) =>
      isOpen(state) ? formatSeconds(live?.eta_seconds ?? job.progress.eta_seconds) : '–',
  },
  {
    id: 'by',
    title: 'By',
    sortBy: ({ job }) => job.created_by,
    cell: ({ job }) => job.created_by.replace(/^User:/, ''),
  },
  {
    id: 'at',
    title: 'Begun',
    width: 'minmax(160px, 1fr)',
    sortBy: ({ job }) => job.created_at,
    cell: ({ job }) => <Time at={job.created_at} />,
  },
  {
    id: 'actions',
    title: 'Actions',
    width: '64px',
    cell: ({ job, state }) => <JobActions job={{ ...job, state: state as Job['state'] }} />,
  },
];

function ProgressWords({ done, total }: { done: number; total: number | null }) {
  const ratio = total === null || total === 0 ? null : Math.min(1, done / total);
  return (
    <span className="row" style={{ gap: 8, flexWrap: 'nowrap' }}>
      {ratio === null ? null : (
        <span className="meter" style={{ width: 70 }} aria-hidden="true">
          <span style={{ width: `${ratio * 100}%` }} />
        </span>
      )}
      {formatCount(done)}
      {total === null ? '' : ` of ${formatCount(total)}`}
    </span>
  );
}
