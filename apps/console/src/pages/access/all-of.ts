import { useEffect, useMemo } from 'react';
import { usePages } from '../../api/queries.js';

const pagesMax = 10;

/** A list of `/api/v1` whole, up to 10,000: users, keys and rules are few, and are sorted and searched here. */
export function useAllOf<T>(path: string) {
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = usePages<T>(path, {
    page_size: 1_000,
  });
  const count = data?.pages.length ?? 0;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && count < pagesMax) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, count, fetchNextPage]);
  const rows = useMemo(() => data?.pages.flatMap((page) => page.data) ?? [], [data]);
  return { rows, error, refetch, isKnown: data !== undefined };
}
