import { useEffect, useRef, useState } from 'react';
import { request, requestLines } from '../../api/request.js';
import type { Page } from '../../api/queries.js';
import { Button } from '../../ui/basics.js';
import { ErrorNotice } from '../../ui/notices.js';
import { Time } from '../../ui/time.js';
import type { EventOrigin } from './event-origin.js';

/** A look takes a few events and ends by itself. */
const eventsMax = 10;
const tapSeconds = 10;
const textMax = 2_000;

interface Shown {
  readonly at: string | null;
  readonly where: string;
  readonly headers: string;
  readonly text: string;
}

/** A few records that pass here, when asked for. */
export function LastEvents({ origin }: { origin: EventOrigin }) {
  const [events, setEvents] = useState<readonly Shown[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [looking, setLooking] = useState(false);
  const leaving = useRef<AbortController | null>(null);
  useEffect(() => () => leaving.current?.abort(), []);

  const look = async (): Promise<void> => {
    leaving.current?.abort();
    const { signal } = (leaving.current = new AbortController());
    setEvents([]);
    setError(null);
    setLooking(true);
    try {
      for await (const event of eventsFrom(origin, signal))
        setEvents((old) => [...(old ?? []), event].slice(-eventsMax));
    } catch (caught) {
      if (!signal.aborted) setError(caught);
    } finally {
      if (leaving.current?.signal === signal) setLooking(false);
    }
  };
  return (
    <section className="stack" style={{ gap: 6 }}>
      <div className="row">
        <h3 className="grow">Last records</h3>
        {looking ? (
          <Button onPress={() => leaving.current?.abort()}>Stop</Button>
        ) : (
          <Button onPress={() => void look()}>{events === null ? 'Show some' : 'Show newer ones'}</Button>
        )}
      </div>
      <p className="quiet" role="status">
        {events === null
          ? `Up to ${eventsMax} records${origin.kind === 'tap' ? ` that pass in the next ${tapSeconds} seconds` : ''}.`
          : looking
            ? 'Looking …'
            : events.length === 0 && error === null
              ? 'Nothing passed.'
              : ''}
      </p>
      {error === null ? null : <ErrorNotice error={error} onRetry={() => void look()} />}
      {events === null || events.length === 0 ? null : (
        <ol className="topology-events">
          {events.map((event, index) => (
            <li key={index}>
              <span className="quiet">
                {event.at === null ? null : <Time at={event.at} />} {event.where} {event.headers}
              </span>
              <pre tabIndex={0} aria-label={`Record ${index + 1}`}>
                {event.text}
              </pre>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

interface TappedEvent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly encoding?: string;
}

interface TopicRecord {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: string | null;
  readonly value: unknown;
  readonly headers: readonly { readonly name: string; readonly value: string | null }[];
}

async function* eventsFrom(origin: EventOrigin, signal: AbortSignal): AsyncGenerator<Shown, void, undefined> {
  if (origin.kind === 'topic') {
    const path = `/api/v1/topics/${encodeURIComponent(origin.topic)}/records`;
    const { data } = await request<Page<TopicRecord>>('GET', path, { query: { newest: eventsMax }, signal });
    for (const { partition, offset, timestamp, value, headers } of data) {
      const named = headers.map((header) => `${header.name}=${header.value ?? ''}`).join(' ');
      yield { at: timestamp, where: `${partition}:${offset}`, headers: named, text: textOf(value) };
    }
    return;
  }
  const query = { edge: origin.edge, max: eventsMax, seconds: tapSeconds };
  const path = `/api/v1/collectors/${encodeURIComponent(origin.connector)}/tap`;
  for await (const line of requestLines<TappedEvent>('GET', path, { query, signal })) {
    // Between events it says how many have passed.
    if (line.body === undefined) continue;
    const named = Object.entries(line.headers ?? {}).map(([name, value]) => `${name}=${value}`);
    yield { at: null, where: '', headers: named.join(' '), text: textOf(line.body) };
  }
}

function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > textMax ? `${text.slice(0, textMax)} …` : text;
}
