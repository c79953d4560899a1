import { useState } from 'react';
import { Badge, type Tone } from '../../ui/basics.js';
import { SelectField } from '../../ui/fields.js';
import { formatCount, formatPlural } from '../../ui/format.js';
import type { SampleAnswer } from './collector-api.js';
import { Body, Headers } from './event-parts.js';

type Outcome = SampleAnswer['events'][number]['outcome'];

const words: Readonly<Record<Outcome, { word: string; tone: Tone }>> = {
  delivered: { word: 'goes on', tone: 'good' },
  dropped: { word: 'dropped', tone: 'warn' },
  unrouted: { word: 'no channel', tone: 'warn' },
  failed: { word: 'fails', tone: 'bad' },
};
const shownMax = 200;

/** What became of each line. `given` are the headers that it had from its source. */
export function SampleResults({ answer, given }: { answer: SampleAnswer; given: Readonly<Record<string, string>> }) {
  const [outcome, setOutcome] = useState<Outcome | 'all'>('all');
  const wanted = answer.events.filter((event) => outcome === 'all' || event.outcome === outcome);
  const { delivered = 0, dropped = 0, unrouted = 0, failed = 0 } = answer.counts;
  return (
    <section className="stack" aria-labelledby="results">
      <h2 id="results">What becomes of them</h2>
      <p role="status">
        {formatCount(delivered)} go on, {formatCount(dropped)} dropped, {formatCount(unrouted)} without a channel,{' '}
        {formatCount(failed)} failed; in {answer.ms} ms.
      </p>
      {answer.ended_by === null ? null : (
        <p className="notice" data-tone="bad">
          It was ended early. {answer.ended_by}
        </p>
      )}
      <div style={{ maxWidth: 320 }}>
        <SelectField
          label="Show"
          value={outcome}
          onChange={setOutcome}
          options={[
            { value: 'all', label: 'all lines' },
            { value: 'delivered', label: 'what goes on' },
            { value: 'dropped', label: 'what is dropped' },
            { value: 'unrouted', label: 'what has no channel' },
            { value: 'failed', label: 'what fails' },
          ]}
        />
      </div>
      <ol className="collectors-events" aria-label="Results by line">
        {wanted.slice(0, shownMax).map((event) => (
          <li key={event.line} className="collectors-event card">
            <div className="row">
              <span className="quiet">Line {event.line}</span>
              <Badge tone={words[event.outcome].tone}>{words[event.outcome].word}</Badge>
              {event.reason === null ? null : <span>{event.reason}</span>}
            </div>
            {event.after.length === 0 ? <Body text={event.body} label={`Line ${event.line}`} /> : null}
            {event.after.map((after, index) => (
              <div key={index} className="stack" style={{ gap: 4 }}>
                {after.body === event.body ? null : <del className="collectors-before">{event.body}</del>}
                <Body text={after.body} label={`Body of line ${event.line}`} />
                <Headers headers={after.headers} before={given} />
                {after.channels.length === 0 ? null : (
                  <p>
                    into{' '}
                    {after.channels.map(({ channel, optional }) => (
                      <span key={channel}>
                        <Badge tone="accent">{channel}</Badge>
                        {optional ? <span className="quiet"> if it has room</span> : null}{' '}
                      </span>
                    ))}
                  </p>
                )}
              </div>
            ))}
          </li>
        ))}
      </ol>
      {wanted.length === 0 ? <p className="quiet">None.</p> : null}
      {wanted.length > shownMax ? (
        <p className="quiet">{formatPlural(wanted.length - shownMax, 'further line')} not drawn: choose fewer above.</p>
      ) : null}
    </section>
  );
}
