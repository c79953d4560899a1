import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { useSearchParams } from 'wouter';
import { useLiveState } from '../../../api/live-hooks.js';
import { useMay } from '../../../shell/session.js';
import { Badge, Button } from '../../../ui/basics.js';
import { CheckField } from '../../../ui/fields.js';
import { formatCount } from '../../../ui/format.js';
import { ErrorNotice } from '../../../ui/notices.js';
import type { Topic } from '../topic-api.js';
import { TopicFrame } from '../topic-frame.js';
import { DownloadMenu } from './download-menu.js';
import { ExportDialog } from './export-dialog.js';
import { ProduceDialog, type Draft } from './produce-dialog.js';
import { keyOfRow, type RecordRow } from './record-api.js';
import { columnNames, useColumns } from './record-columns.js';
import { RecordList } from './record-list.js';
import { RecordPanel } from './record-panel.js';
import {
  filterOf,
  paramsOf,
  placeOf,
  queryOf,
  textOfPlace,
  type RecordPlace,
  type RecordQuery,
} from './record-query.js';
import { RecordSearch } from './record-search.js';
import { RecordTail } from './record-tail.js';
import { SearchForm } from './search-form.js';
import { SearchProgressLine } from './search-progress.js';
import { TimeStrip } from './time-strip.js';
import './records.css';

export default function RecordsPage({ params }: { params: Readonly<Record<string, string>> }) {
  const { topic = '' } = params;
  return <TopicFrame topic={topic}>{(found) => <RecordBrowser key={found.name} topic={found} />}</TopicFrame>;
}

function RecordBrowser({ topic }: { topic: Topic }) {
  const { name } = topic;
  const [params, setParams] = useSearchParams();
  const query = useMemo(() => queryOf(params), [params]);
  const search = paramsOf(query).toString();
  const place = placeOf(params.get('at'));
  const [draft, setDraft] = useState<Draft | null>(null);
  const [isExporting, setIsExporting] = useState(false);
  // The same search again looks again.
  const [turn, setTurn] = useState(0);
  const mayEdit = useMay('topics', 'edit', name);

  const show = (next: RecordQuery): void => {
    if (paramsOf(next).toString() === search) setTurn(turn + 1);
    setParams(paramsOf(next));
  };
  const open = (at: RecordPlace | null): void => {
    const next = paramsOf(query);
    if (at !== null) next.set('at', textOfPlace(at));
    setParams(next, { replace: at !== null && place !== null });
  };
  const parts = { topic, query, place, onOpen: open, onShow: show, onResend: setDraft };
  return (
    <>
      <div className="row">
        <p className="quiet grow">All partitions, merged by time. Only committed records.</p>
        {mayEdit ? <Button onPress={() => setDraft({})}>Write a record</Button> : null}
        <Button onPress={() => setIsExporting(true)}>Export all …</Button>
      </div>
      <SearchForm key={search} topic={name} partitions={topic.partitions} query={query} onSearch={show} />
      <TimeStrip topic={name} query={query} onPick={(time) => show({ ...query, start: 'time', time })} />
      {query.start === 'live' ? (
        <LiveRecords key={`${search} ${turn}`} {...parts} />
      ) : (
        <FoundRecords key={`${search} ${turn}`} {...parts} />
      )}
      {draft === null ? null : (
        <ProduceDialog
          topic={name}
          partitions={topic.partitions}
          draft={draft}
          onClose={() => setDraft(null)}
          onWritten={open}
        />
      )}
      <ExportDialog topic={name} query={query} isOpen={isExporting} onClose={() => setIsExporting(false)} />
    </>
  );
}

interface Parts {
  readonly topic: Topic;
  readonly query: RecordQuery;
  readonly place: RecordPlace | null;
  readonly onOpen: (place: RecordPlace | null) => void;
  readonly onShow: (query: RecordQuery) => void;
  readonly onResend: (draft: Draft) => void;
}

function FoundRecords(parts: Parts) {
  const { topic, query } = parts;
  const [search] = useState(() => new RecordSearch(topic.name, query));
  const state = useSyncExternalStore(search.subscribe, search.state);
  useEffect(() => {
    search.run();
    return search.stop;
  }, [search]);
  const goOn = state.status === 'more' && !state.isFull ? search.run : undefined;
  return (
    <>
      <SearchProgressLine state={state} onStop={search.stop} onGoOn={search.run} />
      {state.status === 'failed' ? <ErrorNotice error={state.error} onRetry={search.run} /> : null}
      <Split {...parts} rows={state.rows} isBusy={state.status === 'running'} onEnd={goOn} />
    </>
  );
}

function LiveRecords(parts: Parts) {
  const { topic, query } = parts;
  const [tail] = useState(() => new RecordTail(topic.name, query));
  const state = useSyncExternalStore(tail.subscribe, tail.state);
  const { paused } = useLiveState();
  useEffect(() => {
    tail.start();
    return () => tail.stop();
  }, [tail]);
  useEffect(() => tail.hold(paused), [tail, paused]);
  const word = paused ? 'held' : state.status === 'live' ? 'following' : state.status;
  return (
    <>
      <div className="row">
        <Badge tone={paused ? 'warn' : state.status === 'live' ? 'good' : 'bad'}>{word}</Badge>
        <span className="quiet grow">
          {paused
            ? `${formatCount(state.held)} came meanwhile; space goes on.`
            : `The newest ${formatCount(state.rows.length)} as they come, at most 2,000; space holds them.`}
          {filterOf(query) === '' ? '' : ` Scanned ${formatCount(state.scanned)}, found ${formatCount(state.found)}.`}
        </span>
      </div>
      {state.error === null ? null : <ErrorNotice error={state.error} />}
      <Split {...parts} rows={state.rows} isBusy={state.status === 'connecting'} isLive />
    </>
  );
}

function Split(
  props: Parts & {
    rows: readonly RecordRow[];
    isBusy: boolean;
    isLive?: boolean;
    onEnd?: (() => void) | undefined;
  },
) {
  const { topic, query, place, rows, onOpen } = props;
  const [columns, setColumns] = useColumns();
  const list = useRef<HTMLDivElement>(null);
  const current = place === null ? null : keyOfRow(place);
  const close = (): void => {
    onOpen(null);
    requestAnimationFrame(() => {
      const row = list.current?.querySelector<HTMLElement>('[data-current="true"]');
      (row ?? list.current?.querySelector<HTMLElement>('[role="row"][tabindex="0"]'))?.focus();
    });
  };
  return (
    <div className="records-split" data-open={place !== null}>
      <div className="stack" ref={list}>
        <RecordList {...props} columns={columns} current={current} />
        <div className="row">
          <fieldset className="records-columns">
            <legend className="quiet">Columns</legend>
            {columnNames.map((column) => (
              <CheckField
                key={column}
                label={column}
                value={columns.includes(column)}
                onChange={(isOn) =>
                  setColumns(columnNames.filter((each) => (each === column ? isOn : columns.includes(each))))
                }
              />
            ))}
          </fieldset>
          <DownloadMenu topic={topic.name} query={query} rows={rows} />
        </div>
      </div>
      {place === null ? null : (
        <RecordPanel
          topic={topic.name}
          place={place}
          rows={rows}
          onOpen={onOpen}
          onClose={close}
          onShow={props.onShow}
          onResend={props.onResend}
        />
      )}
    </div>
  );
}
