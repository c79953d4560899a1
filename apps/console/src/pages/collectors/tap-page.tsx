import { memo, useEffect, useMemo, useState } from 'react';
import { useSearchParams } from 'wouter';
import { Badge, Button } from '../../ui/basics.js';
import { SelectField, TextField } from '../../ui/fields.js';
import { formatCount } from '../../ui/format.js';
import { EmptyState, ErrorNotice } from '../../ui/notices.js';
import { Time } from '../../ui/time.js';
import { useComponents, type Component } from './collector-api.js';
import { CollectorFrame } from './collector-frame.js';
import { Body, Headers } from './event-parts.js';
import { tapKeptMax, tapSeconds, useTap, type TappedEvent } from './use-tap.js';

export default function TapPage({ params }: { params: Readonly<Record<string, string>> }) {
  const name = params['name'] ?? '';
  return (
    <CollectorFrame key={name} name={name}>
      {() => <TapView name={name} />}
    </CollectorFrame>
  );
}

function TapView({ name }: { name: string }) {
  const [search, setSearch] = useSearchParams();
  const [isHeld, setIsHeld] = useState(false);
  const { state, start, stop } = useTap(name, isHeld);
  const said = useComponents(name);
  const edges = useMemo(() => edgesOf(said.data?.data ?? []), [said.data]);
  const wanted = search.get('edge') ?? '';
  const filter = search.get('filter') ?? '';
  const edge = wanted === '' ? (edges[0]?.value ?? '') : wanted;
  const change = (words: { edge?: string; filter?: string }): void => {
    const next = { ...(wanted === '' ? {} : { edge: wanted }), ...(filter === '' ? {} : { filter }), ...words };
    setSearch(Object.fromEntries(Object.entries(next).filter(([, word]) => word !== '')), { replace: true });
  };
  // A link to an edge opens it: whoever follows one wants to look.
  useEffect(() => {
    if (wanted !== '') void start(wanted);
  }, [wanted, start]);
  const shown = state.events.filter((event) => isFound(event, filter));
  return (
    <>
      <p className="quiet">
        A sample of the events as they pass a component: at most {tapKeptMax} are kept here, for {tapSeconds} s. Nothing
        waits for it, and nothing is taken away.
      </p>
      <div className="collectors-bar">
        <SelectField
          label="Where"
          value={edge}
          onChange={(value) => change({ edge: value })}
          options={edges.some(({ value }) => value === edge) ? edges : [{ value: edge, label: edge }, ...edges]}
        />
        <div data-shortcut="filter">
          <TextField
            label="Filter"
            type="search"
            value={filter}
            placeholder="in the body, or header=value"
            onChange={(text) => change({ filter: text })}
          />
        </div>
        <div className="row">
          {state.isOpen ? (
            <>
              <Button onPress={() => setIsHeld(!isHeld)}>{isHeld ? 'Go on' : 'Hold'}</Button>
              <Button onPress={stop}>Stop</Button>
            </>
          ) : (
            <Button tone="primary" isDisabled={edge === ''} onPress={() => void start(edge)}>
              {state.passed > 0 ? 'Watch again' : 'Watch'}
            </Button>
          )}
        </div>
      </div>
      <p className="row" role="status" style={{ gap: 6 }}>
        <Badge tone={state.isOpen ? (isHeld ? 'warn' : 'good') : 'idle'}>
          {state.isOpen ? (isHeld ? 'held' : 'watching') : 'not watching'}
        </Badge>
        <span className="quiet">
          {formatCount(state.passed)} passed, {formatCount(state.unseen)} of them not sampled,{' '}
          {formatCount(shown.length)} shown
        </span>
      </p>
      {state.error === null ? null : <ErrorNotice error={state.error} onRetry={() => void start(edge)} />}
      {shown.length > 0 ? (
        <ol className="collectors-events" aria-label="Events">
          {shown.map((event) => (
            <Event key={event.number} event={event} />
          ))}
        </ol>
      ) : state.error !== null ? null : (
        <EmptyState title={emptyTitle(state.isOpen, state.events.length)}>
          {state.isOpen || state.events.length > 0 ? null : 'Choose where to look and press Watch.'}
        </EmptyState>
      )}
    </>
  );
}

const Event = memo(function Event({ event }: { event: TappedEvent }) {
  const { number, at, headers, body, encoding, bodyBytes } = event;
  const isCut = body.length < bodyBytes && encoding === 'utf8';
  return (
    <li className="collectors-event card">
      <span className="quiet">
        #{number} · <Time at={at} millis /> · {formatCount(bodyBytes)} bytes
        {encoding === 'base64' ? ' · not text, as base64' : ''}
        {isCut ? ' · its beginning' : ''}
      </span>
      <Body text={body} label={`Body of event ${number}`} />
      <Headers headers={headers} />
    </li>
  );
});

function edgesOf(components: readonly Component[]): { value: string; label: string }[] {
  return components.flatMap(({ kind, name, type }) => {
    if (kind === 'interceptor') return [];
    if (kind === 'channel') return [{ value: `channel.${name}`, label: `into channel ${name} (${type})` }];
    if (kind === 'sink') return [{ value: `sink.${name}`, label: `to sink ${name} (${type})` }];
    return [
      { value: `source.${name}`, label: `as source ${name} reads (${type})` },
      { value: `interceptors.${name}`, label: `behind the interceptors of ${name}` },
    ];
  });
}

/** `name=value` looks into that header; anything else into the body. */
function isFound({ headers, body }: TappedEvent, filter: string): boolean {
  const wanted = filter.trim();
  if (wanted === '') return true;
  const at = wanted.indexOf('=');
  const header = at > 0 ? headers[wanted.slice(0, at)] : undefined;
  if (header !== undefined && header.includes(wanted.slice(at + 1))) return true;
  return body.toLowerCase().includes(wanted.toLowerCase());
}

function emptyTitle(isOpen: boolean, count: number): string {
  if (count > 0) return 'None of them matches the filter';
  return isOpen ? 'Waiting for the first event …' : 'Nothing to see yet';
}
