import { Badge } from '../../ui/basics.js';
import { formatSeconds } from '../../ui/format.js';
import type { SinkTest } from './sink-api.js';

const words: Readonly<Record<string, string>> = { config: 'Options', store: 'Store' };

/** What the store said when it was asked. */
export function TestResultList({ result }: { result: SinkTest }) {
  return (
    <ul className="stack" style={{ gap: 6 }} aria-label="Test of the connection">
      {result.steps.map(({ name, ok, ms, detail }) => (
        <li key={name} className="row">
          <Badge tone={ok === null ? 'idle' : ok ? 'good' : 'bad'}>
            {words[name] ?? name}: {ok === null ? 'not asked' : ok ? 'good' : 'refused'}
          </Badge>
          {ok === true && ms > 0 ? <span className="quiet">{formatSeconds(ms / 1_000)}</span> : null}
          {detail === '' ? null : <span style={{ overflowWrap: 'anywhere' }}>{detail}</span>}
        </li>
      ))}
    </ul>
  );
}
