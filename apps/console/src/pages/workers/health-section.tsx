import { useQuery } from '@tanstack/react-query';
import { Badge, Button } from '../../ui/basics.js';
import { ErrorNotice, Loading } from '../../ui/notices.js';
import { Time } from '../../ui/time.js';

interface Report {
  readonly status: string;
  readonly checks: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly ms: number;
    readonly message: string | null;
  }[];
}

/** What each part says of itself; also a 503 has the reasons. */
async function readiness(signal: AbortSignal): Promise<Report> {
  const response = await fetch('/readyz?verbose', { signal, headers: { Accept: 'application/json' } });
  return (await response.json()) as Report;
}

export function HealthSection() {
  const { data, error, dataUpdatedAt, isFetching, refetch } = useQuery({
    queryKey: ['/readyz'],
    queryFn: ({ signal }) => readiness(signal),
  });
  return (
    <section className="stack" aria-labelledby="health-heading">
      <div className="row">
        <h2 id="health-heading">Health</h2>
        {data === undefined ? null : (
          <Badge tone={data.status === 'ready' ? 'good' : 'bad'}>
            {data.status === 'ready' ? 'everything answers' : 'something does not answer'}
          </Badge>
        )}
        <span className="grow" />
        {data === undefined ? null : (
          <span className="quiet">
            asked <Time at={dataUpdatedAt} />
          </span>
        )}
        <Button isDisabled={isFetching} onPress={() => void refetch()}>
          Ask again
        </Button>
      </div>
      {error === null ? null : <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined ? (
        error === null ? (
          <Loading what="health" />
        ) : null
      ) : (
        <ul className="workers-checks">
          {data.checks.map(({ name, ok, ms, message }) => (
            <li key={name} className="card stack" style={{ gap: 6 }}>
              <div className="row">
                <h3 className="grow">{name}</h3>
                <Badge tone={ok ? 'good' : 'bad'}>{ok ? 'well' : 'not well'}</Badge>
              </div>
              <p className={ok ? 'quiet' : ''}>{message ?? 'Answers.'}</p>
              {ok ? <p className="quiet">in {ms} ms</p> : <p>{cureOf(name)}</p>}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

const cures: Readonly<Record<string, string>> = {
  database: 'See that PostgreSQL runs and takes connections (DATABASE_URL). What runs goes on; changes wait.',
  topics: 'See that the topic service runs and that its address is right (TOPICS_BOOTSTRAP).',
  log: 'See that the disk of the data folder has room and takes writes.',
};

function cureOf(name: string): string {
  return cures[name] ?? 'Run `npx millrace doctor` on that machine.';
}
