import { Link } from 'wouter';
import { useLiveRow } from '../../api/live-hooks.js';
import { useGet } from '../../api/queries.js';
import { Button, Facts, Page, Progress, StateBadge } from '../../ui/basics.js';
import { CodeEditor } from '../../ui/code-editor.js';
import { formatSeconds } from '../../ui/format.js';
import { ErrorNotice, Loading } from '../../ui/notices.js';
import { Time } from '../../ui/time.js';
import { isOpen, pathOf, progressOf, subjectOf, useJob, type Job } from './job-api.js';
import { JobActions } from './job-actions.js';

/** One job: how far it is, what it was told, what came of it. */
export default function JobPage({ params }: { params: Readonly<Record<string, string>> }) {
  const id = params['id'] ?? '';
  const { data, error, refetch } = useJob(id);
  return (
    <Page
      title={data === undefined ? 'Job' : `${data.type} ${subjectOf(data)}`}
      trail={[{ label: 'Jobs', to: '/jobs' }]}
      badge={data === undefined ? null : <StateBadge state={data.state} />}
      actions={data === undefined ? null : <JobActions job={data} />}
    >
      {error === null ? null : <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined ? error === null ? <Loading what="the job" /> : null : <Told job={data} />}
    </Page>
  );
}

function Told({ job }: { job: Job }) {
  const live = useLiveRow('jobs', job.id);
  const progress = progressOf(job, live);
  const eta = live?.eta_seconds ?? job.progress.eta_seconds;
  const { topic, sink } = job.parameters;
  return (
    <div className="stack">
      <div className="card stack">
        <Progress label={`${job.progress.unit} done`} {...progress} />
        {isOpen(job.state) && eta !== null ? <p>About {formatSeconds(eta)} left.</p> : null}
        {job.error === null ? null : (
          <p className="notice" data-tone="bad" role="alert">
            {job.error}
          </p>
        )}
        {job.type === 'export' && job.state === 'succeeded' ? (
          <div>
            <a className="button" href={`${pathOf(job.id)}/file`} download>
              Download the file
            </a>
          </div>
        ) : null}
      </div>
      <div className="columns">
        <div className="card">
          <Facts
            facts={[
              ['Job', <code key="id">{job.id}</code>],
              ['By', job.created_by],
              ['Asked for', <Time key="created" at={job.created_at} />],
              ['Begun', <Time key="started" at={job.started_at} />],
              ['Ended', <Time key="finished" at={job.finished_at} />],
              ['Started', `${job.attempts} ${job.attempts === 1 ? 'time' : 'times'}`],
              ...(typeof topic === 'string'
                ? [
                    [
                      'Topic',
                      <Link key="topic" to={`/topics/${encodeURIComponent(topic)}`}>
                        {topic}
                      </Link>,
                    ] as const,
                  ]
                : []),
              ...(typeof sink === 'string'
                ? [
                    [
                      'Sink',
                      <Link key="sink" to={`/sinks/${encodeURIComponent(sink)}`}>
                        {sink}
                      </Link>,
                    ] as const,
                  ]
                : []),
            ]}
          />
        </div>
        <div className="card stack">
          <h2>Told</h2>
          <CodeEditor
            label="Parameters"
            language="json"
            height="180px"
            value={JSON.stringify(job.parameters, null, 2)}
          />
        </div>
      </div>
      {job.result === null ? null : (
        <div className="card stack">
          <h2>Result</h2>
          <CodeEditor label="Result" language="json" height="260px" value={JSON.stringify(job.result, null, 2)} />
        </div>
      )}
      <Log job={job} />
    </div>
  );
}

function Log({ job }: { job: Job }) {
  const { data, error, refetch } = useGet<{ lines: readonly string[] }>(`${pathOf(job.id)}/log`);
  return (
    <div className="card stack">
      <div className="row">
        <h2 className="grow">Log</h2>
        <Button onPress={() => void refetch()}>Look again</Button>
      </div>
      {error === null ? null : <ErrorNotice error={error} />}
      <pre tabIndex={0} aria-label="Log" style={{ maxHeight: 320 }}>
        {data === undefined ? '' : data.lines.length === 0 ? 'Nothing yet.' : data.lines.join('\n')}
      </pre>
    </div>
  );
}
