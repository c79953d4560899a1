import { useMemo } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { usePages } from '../../api/queries.js';
import { Badge, Button } from '../../ui/basics.js';
import { DataTable, type Column } from '../../ui/data-table.js';
import { EmptyState, ErrorNotice, Loading } from '../../ui/notices.js';
import { Time } from '../../ui/time.js';
import { listQuery, type LetterFilter } from './letter-filter.js';
import { contentText, dlqPath, letterLink, stateTones, type Letter } from './letter-types.js';

/** Of a value, in the list. */
const shownMax = 200;

export function LetterList({ sink, filter }: { sink: string; filter: LetterFilter }) {
  const [, navigate] = useLocation();
  const search = useSearch();
  const { letters, error, isLoading, hasNextPage, fetchNextPage, isFetchingNextPage, refetch } = useLetters(
    sink,
    filter,
  );
  const columns = useMemo(() => columnsOf(sink, search), [sink, search]);
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (isLoading) return <Loading what="letters" />;
  return (
    <>
      <DataTable
        label="Dead letters"
        columns={columns}
        rows={letters}
        keyOf={({ partition, offset }) => `${partition}-${offset}`}
        onOpen={(letter) => navigate(withSearch(letterLink(sink, letter), search))}
        empty={
          hasNextPage ? undefined : (
            <EmptyState title="No such letters" command={`npx millrace dlq list ${sink}`}>
              {filter.state === undefined ? 'Nothing open is left here.' : 'Take something of the filter away.'}
            </EmptyState>
          )
        }
      />
      {hasNextPage ? (
        <div className="row">
          <Button isDisabled={isFetchingNextPage} onPress={() => void fetchNextPage()}>
            Look for more
          </Button>
        </div>
      ) : null}
    </>
  );
}

/** The pages of the list that were asked for so far; the page of a letter takes the ones before and behind it from here. */
export function useLetters(sink: string, filter: LetterFilter) {
  const pages = usePages<Letter>(`${dlqPath(sink)}/records`, { ...listQuery(filter), page_size: 200 });
  const letters = useMemo(() => pages.data?.pages.flatMap(({ data }) => data) ?? [], [pages.data]);
  const { error, isLoading, hasNextPage, fetchNextPage, isFetchingNextPage, refetch } = pages;
  return { letters, error, isLoading, hasNextPage, fetchNextPage, isFetchingNextPage, refetch };
}

export function withSearch(path: string, search: string): string {
  return search === '' ? path : `${path}?${search}`;
}

function columnsOf(sink: string, search: string): readonly Column<Letter>[] {
  return [
    {
      id: 'died',
      title: 'Died',
      width: '190px',
      sortBy: ({ died_at }) => Date.parse(died_at),
      cell: (letter) => (
        <Link to={withSearch(letterLink(sink, letter), search)}>
          <Time at={letter.died_at} />
        </Link>
      ),
    },
    {
      id: 'state',
      title: 'State',
      width: '104px',
      sortBy: ({ state }) => state,
      cell: ({ state }) => <Badge tone={stateTones[state]}>{state}</Badge>,
    },
    {
      id: 'error',
      title: 'Error',
      width: 'minmax(220px, 2fr)',
      sortBy: ({ error }) => `${error.error_class} ${error.message}`,
      cell: ({ error }) => (
        <span className="dead-letters-cut" title={error.message ?? ''}>
          {error.error_class ?? ''} {error.message ?? 'not known'}
        </span>
      ),
    },
    {
      id: 'origin',
      title: 'Lay at',
      width: 'minmax(150px, 1fr)',
      sortBy: ({ origin }) => `${origin.topic}-${origin.partition}-${origin.offset}`,
      cell: ({ origin }) => (origin.topic === null ? '–' : `${origin.topic}-${origin.partition} at ${origin.offset}`),
    },
    {
      id: 'value',
      title: 'Value',
      width: 'minmax(200px, 2fr)',
      cell: ({ value }) => <code className="dead-letters-cut">{contentText(value).slice(0, shownMax)}</code>,
    },
  ];
}
