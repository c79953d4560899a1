/** Letters counted by what they died of and where they came from; a click narrows everything to one of them. */
import { Link } from 'wouter';
import { Badge, Button } from '../../ui/basics.js';
import { formatCount } from '../../ui/format.js';
import { Time } from '../../ui/time.js';
import type { LetterFilter } from './letter-filter.js';
import { letterLink, stageInWords, type LetterGroup, type Summary } from './letter-types.js';

interface Props {
  readonly summary: Summary;
  readonly filter: LetterFilter;
  readonly onChange: (changes: LetterFilter) => void;
}

export function Groups({ summary, filter, onChange }: Props) {
  const choose = ({ error_class, message, stage }: LetterGroup): void =>
    onChange({ error_class: error_class ?? '', like: message ?? '', stage: stage ?? '' });
  return (
    <section className="card stack" aria-labelledby="dead-letters-by-error">
      <h2 id="dead-letters-by-error">By error</h2>
      <div className="dead-letters-scroll" tabIndex={0} role="group" aria-labelledby="dead-letters-by-error">
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">Error</th>
              <th scope="col" className="number">
                Open
              </th>
              <th scope="col" className="number">
                All
              </th>
              <th scope="col">Newest</th>
            </tr>
          </thead>
          <tbody>
            {summary.groups.map((group) => (
              <tr key={`${group.stage} ${group.error_class} ${group.message}`}>
                <td>
                  <Button
                    tone="quiet"
                    className="button dead-letters-group"
                    aria-pressed={filter.like !== undefined && filter.like === group.message}
                    onPress={() => choose(group)}
                  >
                    <span>
                      <strong>{group.error_class ?? 'Not known'}</strong> {group.message ?? ''}
                      <br />
                      <span className="quiet">{stageInWords(group.stage)}</span>
                    </span>
                  </Button>
                </td>
                <td className="number">
                  {group.open === 0 ? formatCount(0) : <Badge tone="bad">{formatCount(group.open)}</Badge>}
                </td>
                <td className="number">{formatCount(group.count)}</td>
                <td>
                  <Link to={letterLink(summary.sink, group.example)}>
                    <Time at={group.last_at} />
                  </Link>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

const originsShown = 50;

export function Origins({ summary, filter, onChange }: Props) {
  const left = summary.origins.length - originsShown;
  return (
    <section className="card stack" aria-labelledby="dead-letters-by-origin">
      <h2 id="dead-letters-by-origin">By origin</h2>
      <div className="dead-letters-scroll" tabIndex={0} role="group" aria-labelledby="dead-letters-by-origin">
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">Topic and partition</th>
              <th scope="col" className="number">
                Letters
              </th>
            </tr>
          </thead>
          <tbody>
            {summary.origins.slice(0, originsShown).map(({ topic, partition, count }) => (
              <tr key={`${topic}-${partition}`}>
                <td>
                  {topic === null || partition === null ? (
                    'Not known: the sink writes no context headers'
                  ) : (
                    <Button
                      tone="quiet"
                      className="button dead-letters-group"
                      aria-pressed={filter.topic === topic && filter.partition === String(partition)}
                      onPress={() => onChange({ topic, partition: String(partition) })}
                    >
                      {topic}, partition {partition}
                    </Button>
                  )}
                </td>
                <td className="number">{formatCount(count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {left > 0 ? <p className="quiet">{formatCount(left)} more with fewer letters.</p> : null}
    </section>
  );
}
