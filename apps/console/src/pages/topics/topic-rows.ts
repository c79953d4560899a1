/** Rows of the list: names from REST, numbers from the live table, which knows of all topics once it has come. */
import { useEffect, useMemo } from 'react';
import type { LiveTopic } from '../../../../admin/src/v1/events/live-rows.js';
import { useLive, useLiveKnown } from '../../api/live-hooks.js';
import { usePages } from '../../api/queries.js';

export interface TopicSummary {
  readonly name: string;
  readonly partitions: number;
  readonly internal: boolean;
}

export interface TopicRow extends TopicSummary {
  /** Null until live numbers come. */
  readonly live: LiveTopic | null;
}

const pageSize = 1_000;

/** All topics; pages of REST are asked for until there are none. */
export function useTopicRows(): { rows: readonly TopicRow[]; isLoading: boolean; error: unknown; retry: () => void } {
  const live = useLive('topics');
  const isLive = useLiveKnown('topics');
  const query = usePages<TopicSummary>('/api/v1/topics', { page_size: pageSize, internal: true });
  const { data, hasNextPage, isFetching, fetchNextPage } = query;
  useEffect(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  const listed = useMemo(() => data?.pages.flatMap((page) => page.data) ?? [], [data]);
  const rows = useMemo(
    () =>
      isLive
        ? [...live].map(([name, row]) => ({ name, partitions: row.partitions, internal: row.internal, live: row }))
        : listed.map((topic) => ({ ...topic, live: null })),
    [isLive, live, listed],
  );
  return {
    rows,
    isLoading: !isLive && (query.isLoading || hasNextPage),
    error: isLive ? null : query.error,
    retry: () => void query.refetch(),
  };
}

/** Those that have every word of `text` in their names, in any case. */
export function filtered<Row extends TopicSummary>(
  rows: readonly Row[],
  { text, withInternal }: { text: string; withInternal: boolean },
): readonly Row[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return rows.filter(
    ({ name, internal }) => (withInternal || !internal) && words.every((word) => name.toLowerCase().includes(word)),
  );
}
