/** A record that died beside the nearest one that went through, and what is not alike. */
import { Link } from 'wouter';
import { useGet } from '../../api/queries.js';
import { CopyButton, Facts } from '../../ui/basics.js';
import { DiffView } from '../../ui/code-editor.js';
import { formatBytes, formatCount } from '../../ui/format.js';
import { ErrorNotice, Loading } from '../../ui/notices.js';
import { Time } from '../../ui/time.js';
import { contentLines, contentText, recordLink, type Content, type Letter, type Neighbour } from './letter-types.js';

export function BesideNeighbour({ path, letter }: { path: string; letter: Letter }) {
  const { data, error, refetch } = useGet<Neighbour>(path);
  const good = data?.record ?? null;
  const away = good === null || letter.origin.offset === null ? 0 : good.offset - letter.origin.offset;
  const side = away < 0 ? 'before' : 'behind';
  return (
    <>
      <div className="columns">
        <Shown title="This record" record={letter} />
        {good === null ? (
          <section className="card stack">
            <h2>A good neighbour</h2>
            {error === null ? null : <ErrorNotice error={error} onRetry={() => void refetch()} />}
            {data === undefined && error === null ? <Loading what="a record that went through" /> : null}
            {data === undefined ? null : <p className="quiet">{data.reason}</p>}
          </section>
        ) : (
          <Shown
            title={`A good neighbour, ${formatCount(Math.abs(away))} ${side}`}
            record={good}
            link={recordLink(good.topic, good)}
          />
        )}
      </div>
      {good === null ? null : (
        <section className="stack" aria-labelledby="dead-letters-diff">
          <h2 id="dead-letters-diff">From the good value to this one</h2>
          <DiffView
            label="From the good value to this one"
            before={contentLines(good.value)}
            after={contentLines(letter.value)}
            language="json"
          />
        </section>
      )}
    </>
  );
}

interface Shown {
  readonly timestamp: string | null;
  readonly key: Content;
  readonly value: Content;
  readonly headers: Letter['headers'];
}

function Shown({ title, record, link }: { title: string; record: Shown; link?: string }) {
  const { timestamp, key, value, headers } = record;
  return (
    <section className="card stack" aria-label={title}>
      <div className="row">
        <h2 className="grow">{title}</h2>
        <CopyButton text={contentText(value)} />
        {link === undefined ? null : <Link to={link}>Open</Link>}
      </div>
      <Facts
        facts={[
          ['Time', <Time key="time" at={timestamp} millis />],
          ['Key', key === null ? 'none' : <code key="key">{contentText(key)}</code>],
          ...headers.map(headerFact),
          ['Value', value === null ? 'none (a tombstone)' : `${formatBytes(value.bytes)}${textKind(value)}`],
        ]}
      />
      {value === null ? null : (
        <pre className="dead-letters-value" tabIndex={0} aria-label={`Value: ${title}`}>
          {contentLines(value)}
          {value.truncated ? ' …' : ''}
        </pre>
      )}
    </section>
  );
}

function textKind(value: NonNullable<Content>): string {
  return value.text === null ? ', no text: shown as base64' : '';
}

/** Names may come more than once. */
function headerFact({ name, value }: Letter['headers'][number], index: number, all: Letter['headers']) {
  const nth = all.slice(0, index).filter((header) => header.name === name).length + 1;
  return [`Header ${name}${nth === 1 ? '' : ` (${nth})`}`, <code key={name}>{value ?? 'null'}</code>] as const;
}
