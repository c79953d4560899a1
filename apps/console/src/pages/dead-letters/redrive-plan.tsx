import { Link } from 'wouter';
import { Facts } from '../../ui/basics.js';
import { DiffView } from '../../ui/code-editor.js';
import { formatCount, formatPlural } from '../../ui/format.js';
import { contentLines, contentText, type Content, type RedrivePlan } from './letter-types.js';

/** What a redrive would do; `before` is the value of the only letter, to see what the edit changes. */
export function RedrivePlanShown({ plan, before }: { plan: RedrivePlan; before?: Content }) {
  const { counts, targets, samples, complete, scanned } = plan;
  const [sample] = samples;
  const left: readonly (readonly [string, number])[] = [
    ['Handled before', counts.handled],
    ['Died again too often', counts.loop],
    ['Without an origin', counts.no_origin],
    ['No JSON object to change', counts.not_editable],
  ];
  return (
    <section className="stack notice" data-tone={counts.sent === 0 ? 'warn' : 'good'} aria-label="What would be sent">
      <strong role="status">
        {formatPlural(counts.sent, 'letter')} would be sent
        {complete ? '' : `; only the first ${formatCount(scanned)} records were looked at, the job looks at all`}
      </strong>
      <Facts
        facts={[
          ...targets.map(
            ({ topic, count }) =>
              [
                `Into ${topic}`,
                <Link key={topic} to={`/topics/${encodeURIComponent(topic)}`}>
                  {formatPlural(count, 'record')}
                </Link>,
              ] as const,
          ),
          ...left.filter(([, count]) => count > 0).map(([name, count]) => [name, formatCount(count)] as const),
        ]}
      />
      {before !== undefined && sample !== undefined ? (
        <DiffView
          label="Value before and after the edit"
          before={contentLines(before)}
          after={contentLines(sample.value)}
          language="json"
        />
      ) : (
        <details>
          <summary>The first {samples.length} as they would be sent</summary>
          <ul className="stack">
            {samples.map(({ letter, value }) => (
              <li key={`${letter.partition}-${letter.offset}`}>
                <pre className="dead-letters-value">{contentText(value)}</pre>
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}
