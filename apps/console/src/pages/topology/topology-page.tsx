import { lazy, Suspense, useCallback, useDeferredValue, useMemo, useState } from 'react';
import { useSearchParams } from 'wouter';
import { useLive, useLiveKnown, useLiveState } from '../../api/live-hooks.js';
import { hasDemo, Tour, TourButton } from '../../tour/tour.js';
import { Button, Page } from '../../ui/basics.js';
import { formatPlural } from '../../ui/format.js';
import { EmptyState, Loading } from '../../ui/notices.js';
import { FlowPanel } from './flow-panel.js';
import { useStructure } from './flow-hooks.js';
import { FlowSummary } from './flow-summary.js';
import { FlowTable } from './flow-table.js';
import { HeardTable } from './heard-table.js';
import './topology.css';

const Picture = lazy(async () => import('./picture.js'));

const viewKey = 'millrace.topology.view';

/** Home: everything that flows, as a picture or as a table. */
export default function TopologyPage() {
  const rows = useLive('topology');
  const isKnown = useLiveKnown('topology');
  const isDemo = hasDemo(rows);
  return (
    <Page
      title="Topology"
      actions={
        rows.size === 0 ? undefined : (
          <>
            {isDemo ? <TourButton /> : null}
            <ViewSwitch />
          </>
        )
      }
    >
      {rows.size > 0 ? (
        <>
          <FlowSummary rows={rows} />
          {isDemo ? <Tour /> : null}
          <Flow />
        </>
      ) : isKnown ? (
        <Nothing />
      ) : (
        <Waiting />
      )}
    </Page>
  );
}

function Waiting() {
  const { state } = useLiveState();
  return state === 'away' ? (
    <p className="quiet">The picture comes when the server answers.</p>
  ) : (
    <Loading what="the picture" />
  );
}

function Nothing() {
  return (
    <EmptyState title="Nothing flows yet" command="npx millrace collector create my-agent -f flume.conf">
      Sources, channels, topics, sinks and stores will stand here, with what moves between them. A collector is the
      beginning:
    </EmptyState>
  );
}

/** What is in the address, so that a link shows the same; the view is remembered besides. */
function useFlowAddress() {
  const [query, setQuery] = useSearchParams();
  const set = useCallback(
    (name: string, value: string | null) => {
      setQuery(
        (old) => {
          const next = new URLSearchParams(old);
          if (value === null || value === '') next.delete(name);
          else next.set(name, value);
          return next;
        },
        { replace: true },
      );
    },
    [setQuery],
  );
  const isTable = (query.get('view') ?? localStorage.getItem(viewKey)) === 'table';
  return { isTable, filter: query.get('filter') ?? '', chosen: query.get('show'), whole: query.get('all') ?? '', set };
}

function ViewSwitch() {
  const { isTable, set } = useFlowAddress();
  return (
    <Button
      onPress={() => {
        const view = isTable ? 'picture' : 'table';
        localStorage.setItem(viewKey, view);
        set('view', view);
      }}
    >
      {isTable ? 'Show as a picture' : 'Show as a table'}
    </Button>
  );
}

function Flow() {
  const rows = useLive('topology');
  const { isTable, filter: given, chosen, whole: columns, set } = useFlowAddress();
  const [typed, setTyped] = useState(given);
  const filter = useDeferredValue(typed.trim());
  const whole = useMemo(() => new Set(columns === '' ? [] : columns.split(' ').map(Number)), [columns]);
  const structure = useStructure(rows, filter, whole);
  const open = useCallback((key: string) => set('show', key), [set]);
  const showWhole = useCallback((column: number) => set('all', [...whole, column].join(' ')), [set, whole]);
  const close = useCallback(() => set('show', null), [set]);
  const find = (text: string): void => {
    setTyped(text);
    set('filter', text);
  };
  return (
    <>
      <div className="row topology-tools">
        <input
          className="input topology-filter"
          type="search"
          aria-label="Filter by name"
          placeholder="Filter by name"
          data-shortcut="search"
          value={typed}
          onChange={(event) => find(event.target.value)}
        />
        {structure.hidden === 0 || isTable ? null : (
          <span className="quiet">{formatPlural(structure.hidden, 'part')} left out</span>
        )}
        {columns === '' || isTable ? null : <Button onPress={() => set('all', null)}>Fewer cards</Button>}
        {isTable ? null : <Legend />}
      </div>
      {isTable ? (
        <FlowTable rows={rows} filter={filter} chosen={chosen} onOpen={open} />
      ) : structure.cards.length === 0 ? (
        <EmptyState title="Nothing is called so" action={<Button onPress={() => find('')}>Show all</Button>} />
      ) : (
        <>
          <HeardTable rows={rows} />
          <Suspense fallback={<div className="topology-frame" style={{ height: 320 }} />}>
            <Picture structure={structure} chosen={chosen} open={open} showWhole={showWhole} />
          </Suspense>
        </>
      )}
      <FlowPanel chosen={chosen} onOpen={open} onClose={close} />
    </>
  );
}

/** What the lines mean, by shape and word. */
function Legend() {
  return (
    <ul className="topology-legend" aria-label="Lines">
      {(['flowing', 'pressure', 'dropping', 'stopped'] as const).map((look) => (
        <li key={look}>
          <svg width="26" height="8" aria-hidden="true" className="topology-edge" data-look={look}>
            <path className="topology-edge-line" d="M1 4H25" strokeWidth="3" />
          </svg>
          {look === 'pressure' ? 'back-pressure' : look}
        </li>
      ))}
    </ul>
  );
}
