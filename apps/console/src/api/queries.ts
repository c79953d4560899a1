import {
  QueryClient,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
  type UseInfiniteQueryResult,
  type UseMutationResult,
  type UseQueryResult,
} from '@tanstack/react-query';
import { ApiError, request, requestWithTag, urlOf, type Answer, type RequestOptions } from './request.js';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // Live data comes by the stream of events; focus alone says nothing new.
      refetchOnWindowFocus: false,
      retry: (failures, error) => error instanceof ApiError && error.retryable && failures < 3,
    },
  },
});

type Query = RequestOptions['query'];

/** `path` null: nothing is asked yet. The URL is the key, so that `refresh('/api/v1/topics')` asks all again that begin so. */
export function useGet<T>(path: string | null, query?: Query): UseQueryResult<T> {
  return useQuery<T>({
    queryKey: [path, query ?? null],
    enabled: path !== null,
    queryFn: ({ signal }) => request<T>('GET', path ?? '', { query: query ?? {}, signal }),
  });
}

/** With the `ETag`, for what will be edited. */
export function useGetWithTag<T>(path: string | null): UseQueryResult<Answer<T>> {
  return useQuery<Answer<T>>({
    queryKey: [path, 'with tag'],
    enabled: path !== null,
    queryFn: ({ signal }) => requestWithTag<T>('GET', path ?? '', { signal }),
  });
}

/** A list of `/api/v1`. */
export interface Page<T> {
  readonly metadata: { readonly next: string | null; readonly total?: number };
  readonly data: readonly T[];
}

/** All pages of a list that were asked for so far; `fetchNextPage` for more. */
export function usePages<T>(path: string | null, query?: Query): UseInfiniteQueryResult<{ pages: Page<T>[] }> {
  return useInfiniteQuery({
    queryKey: [path, query ?? null, 'pages'],
    enabled: path !== null,
    initialPageParam: urlOf(path ?? '', query),
    queryFn: ({ pageParam, signal }) => request<Page<T>>('GET', pageParam, { signal }),
    getNextPageParam: ({ metadata }) => (metadata.next === null ? undefined : pathOf(metadata.next)),
  });
}

/** What has changed on the server is asked for again: all whose path begins with one of these. */
export function useChange<Input, Output>(
  change: (input: Input) => Promise<Output>,
  ...stalePaths: readonly string[]
): UseMutationResult<Output, Error, Input> {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () => refresh(client, stalePaths),
  });
}

/** After a deletion: what is below `path` is not asked for again, the rest below `listPath` is. */
export function useForget(): (path: string, listPath: string) => Promise<void> {
  const client = useQueryClient();
  return async (path, listPath) => {
    const isGone = (asked: string): boolean => asked.startsWith(path);
    client.removeQueries({ type: 'inactive', predicate: ({ queryKey }) => isGone(String(queryKey[0])) });
    await client.invalidateQueries({
      predicate: ({ queryKey }) => String(queryKey[0]).startsWith(listPath) && !isGone(String(queryKey[0])),
    });
  };
}

async function refresh(client: QueryClient, paths: readonly string[]): Promise<void> {
  await client.invalidateQueries({
    predicate: ({ queryKey }) => paths.some((path) => String(queryKey[0]).startsWith(path)),
  });
}

/** Links of pages are absolute and may name the host that a proxy knows. */
function pathOf(url: string): string {
  const { pathname, search } = new URL(url, window.location.origin);
  return pathname + search;
}
