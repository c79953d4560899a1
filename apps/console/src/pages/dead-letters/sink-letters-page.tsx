import { useState } from 'react';
import { Link } from 'wouter';
import { useLiveRow } from '../../api/live-hooks.js';
import { useGet } from '../../api/queries.js';
import { useMay } from '../../shell/session.js';
import { Button, Figures, Page } from '../../ui/basics.js';
import { formatCount, formatPlural, formatRate } from '../../ui/format.js';
import { EmptyState, ErrorNotice, Loading } from '../../ui/notices.js';
import { ApiError } from '../../api/request.js';
import { DiscardDialog } from './discard-dialog.js';
import { ExportButton } from './export-button.js';
import { FilterBar } from './filter-bar.js';
import { choiceOf, filterInWords, listQuery, useLetterFilter, type LetterFilter } from './letter-filter.js';
import { Groups, Origins } from './letter-groups.js';
import { LetterList } from './letter-list.js';
import { dlqPath, type Summary } from './letter-types.js';
import { RedriveDrawer } from './redrive-drawer.js';
import { Timeline } from './timeline.js';
import './dead-letters.css';

export default function SinkLettersPage({ params }: { params: Readonly<Record<string, string>> }) {
  const { sink = '' } = params;
  const [filter, change] = useLetterFilter();
  const { state: _state, ...ofAnyState } = filter;
  const { data, error, refetch, isFetching } = useGet<Summary>(dlqPath(sink), ofAnyState);
  const [isRedriving, setIsRedriving] = useState(false);
  const [isDiscarding, setIsDiscarding] = useState(false);
  const mayRedrive = useMay('sinks', 'operate', sink);
  const mayDiscard = useMay('sinks', 'edit', sink);
  const which = filterInWords(filter);
  const what = which === '' ? `all open letters of ${sink}` : `open letters with ${which}`;
  return (
    <Page
      title={sink}
      trail={[{ label: 'Dead letters', to: '/dead-letters' }]}
      actions={
        data === undefined ? null : (
          <>
            <ExportButton sink={sink} query={listQuery(filter)} />
            {mayDiscard ? (
              <Button tone="danger" isDisabled={data.counts.open === 0} onPress={() => setIsDiscarding(true)}>
                Discard …
              </Button>
            ) : null}
            {mayRedrive ? (
              <Button tone="primary" isDisabled={data.counts.open === 0} onPress={() => setIsRedriving(true)}>
                Redrive …
              </Button>
            ) : null}
          </>
        )
      }
    >
      {isWithoutTopic(error) ? null : <FilterBar filter={filter} onChange={change} />}
      {error === null ? null : <NoLetters error={error} sink={sink} onRetry={() => void refetch()} />}
      {data === undefined && error === null ? <Loading what="dead letters" /> : null}
      {data === undefined ? null : (
        <>
          <Newer sink={sink} summary={data} isFetching={isFetching} onShow={() => void refetch()} />
          <Overview summary={data} filter={filter} onChange={change} />
          <h2>Letters</h2>
          <LetterList sink={sink} filter={filter} />
        </>
      )}
      <RedriveDrawer
        sink={sink}
        isOpen={isRedriving}
        onClose={() => setIsRedriving(false)}
        choice={choiceOf(filter)}
        what={what}
      />
      <DiscardDialog
        sink={sink}
        isOpen={isDiscarding}
        onClose={() => setIsDiscarding(false)}
        choice={choiceOf(filter)}
        what={what}
        typed={sink}
      />
    </Page>
  );
}

function Overview(props: { summary: Summary; filter: LetterFilter; onChange: (changes: LetterFilter) => void }) {
  const { summary, filter, onChange } = props;
  const { counts, scanned, total, complete } = summary;
  return (
    <>
      <Figures
        figures={[
          { name: 'Open', value: formatCount(counts.open) },
          { name: 'Redriven', value: formatCount(counts.redriven + counts.sending) },
          { name: 'Discarded', value: formatCount(counts.discarded) },
          { name: 'Comes in', value: <Rate sink={summary.sink} /> },
        ]}
      />
      {complete ? null : (
        <p role="status">
          Looked at the newest {formatCount(scanned)} of {formatPlural(total, 'record')} of{' '}
          <Link to={`/topics/${encodeURIComponent(summary.topic)}`}>{summary.topic}</Link>: older ones are not counted
          here. Since and until reach them.
        </p>
      )}
      <Timeline timeline={summary.timeline} onChoose={(since, until) => onChange({ since, until })} />
      <div className="columns">
        <Groups summary={summary} filter={filter} onChange={onChange} />
        <Origins summary={summary} filter={filter} onChange={onChange} />
      </div>
    </>
  );
}

function Rate({ sink }: { sink: string }) {
  return <>{formatRate(useLiveRow('dead-letters', sink)?.in_per_second)}</>;
}

/** The page stands still while somebody reads it; what died since comes when it is asked for. */
function Newer(props: { sink: string; summary: Summary; isFetching: boolean; onShow: () => void }) {
  const { sink, summary, isFetching, onShow } = props;
  const records = useLiveRow('dead-letters', sink)?.records ?? 0;
  const more = records - summary.total;
  return (
    <div role="status">
      {more > 0 ? (
        <span className="notice row" data-tone="warn">
          <span className="grow">{formatPlural(more, 'record')} died since this page was drawn.</span>
          <Button isDisabled={isFetching} onPress={onShow}>
            Show
          </Button>
        </span>
      ) : null}
    </div>
  );
}

function isWithoutTopic(error: unknown): error is ApiError {
  return error instanceof ApiError && error.code === 'dead.letters.topic.none';
}

function NoLetters({ error, sink, onRetry }: { error: unknown; sink: string; onRetry: () => void }) {
  if (!isWithoutTopic(error)) {
    return <ErrorNotice error={error} onRetry={onRetry} />;
  }
  return (
    <EmptyState title="No dead letters" command={`npx millrace sink describe ${sink}`}>
      {error.message}
    </EmptyState>
  );
}
