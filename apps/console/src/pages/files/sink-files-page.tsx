import { useMemo } from 'react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { request } from '../../api/request.js';
import { Badge, Button, LinkButton, Page } from '../../ui/basics.js';
import { DataTable, type Column } from '../../ui/data-table.js';
import { TextField } from '../../ui/fields.js';
import { formatBytes, formatCount, formatPlural } from '../../ui/format.js';
import { EmptyState, ErrorNotice, Loading } from '../../ui/notices.js';
import { Time } from '../../ui/time.js';
import { useParam } from '../../ui/use-param.js';
import { filesOf, type SinkFile, type SinkFileList } from './file-api.js';
import { FilePreviewDrawer } from './file-preview.js';
import './files.css';

const pageSize = 1_000;

/** What one sink has written. */
export default function SinkFilesPage({ params }: { params: Readonly<Record<string, string>> }) {
  const name = params['name'] ?? '';
  const [filter, setFilter] = useParam('filter');
  const [folder, setFolder] = useParam('folder');
  const [shown, setShown] = useParam('file');
  const { data, error, refetch, isFetching, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: [filesOf(name), folder],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      request<SinkFileList>('GET', filesOf(name), {
        query: { folder: folder || null, page_size: pageSize, page_token: pageParam || null },
        signal,
      }),
    getNextPageParam: ({ metadata: { next } }) =>
      next === null ? undefined : (new URL(next, window.location.origin).searchParams.get('page_token') ?? undefined),
  });
  const [first] = data?.pages ?? [];
  const files = useMemo(() => (data?.pages ?? []).flatMap(({ data: page }) => page), [data]);
  const rows = useMemo(() => files.filter(({ path }) => path.includes(filter.trim())), [files, filter]);
  const columns = useMemo(() => columnsFor(setShown, setFolder), [setShown, setFolder]);
  return (
    <Page
      title={`Files of ${name}`}
      trail={[{ label: 'Files', to: '/files' }]}
      actions={
        <>
          <Button isDisabled={isFetching} onPress={() => void refetch()}>
            Look again
          </Button>
          <LinkButton to={`/sinks/${encodeURIComponent(name)}`}>Sink</LinkButton>
        </>
      }
    >
      {error === null ? null : <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {first === undefined && error === null ? <Loading what="files" /> : null}
      {first === undefined ? null : (
        <>
          <p role="status">
            {formatPlural(first.metadata.total ?? files.length, 'file')} below{' '}
            <code className="files-path">{folder === '' ? first.base : `${first.base}/${folder}`}</code>
            {folder === '' ? null : (
              <Button tone="quiet" onPress={() => setFolder('')}>
                All folders
              </Button>
            )}
          </p>
          {first.truncated ? (
            <p className="notice" data-tone="warn">
              There are more files than are looked at: choose a folder.
            </p>
          ) : null}
          {files.length === 0 ? (
            <EmptyState title="No file yet" command={`npx millrace sink describe ${name}`}>
              A file is seen once it is complete: when it is old or large enough, as the sink’s options of rolling say.
            </EmptyState>
          ) : (
            <>
              <div data-shortcut="search" className="files-filter">
                <TextField
                  label="Filter"
                  type="search"
                  value={filter}
                  placeholder="part of a path"
                  onChange={setFilter}
                />
              </div>
              <DataTable
                label={`Files of ${name}`}
                columns={columns}
                rows={rows}
                keyOf={({ path }) => path}
                sortedBy={{ column: 'modified', descending: true }}
                current={shown === '' ? null : shown}
                onOpen={({ path }) => setShown(path)}
                empty={<p className="quiet">None matches “{filter}”.</p>}
                {...(hasNextPage ? { onEnd: () => void fetchNextPage() } : {})}
              />
            </>
          )}
          {shown === '' ? null : (
            <FilePreviewDrawer name={name} base={first.base} path={shown} onClose={() => setShown('')} />
          )}
        </>
      )}
    </Page>
  );
}

function columnsFor(show: (path: string) => void, enter: (folder: string) => void): readonly Column<SinkFile>[] {
  return [
    {
      id: 'file',
      title: 'File',
      width: 'minmax(350px, 3fr)',
      sortBy: ({ path }) => nameOf(path),
      cell: ({ path }) => (
        <Button tone="quiet" onPress={() => show(path)}>
          <span className="files-name">{nameOf(path)}</span>
        </Button>
      ),
    },
    {
      id: 'folder',
      title: 'Folder',
      width: 'minmax(120px, 1.5fr)',
      sortBy: ({ path }) => folderOf(path),
      cell: ({ path }) =>
        folderOf(path) === '' ? (
          '–'
        ) : (
          <Button tone="quiet" onPress={() => enter(folderOf(path))}>
            <span className="files-name">{folderOf(path)}</span>
          </Button>
        ),
    },
    {
      id: 'size',
      title: 'Size',
      isNumber: true,
      sortBy: ({ size_bytes }) => size_bytes,
      cell: ({ size_bytes }) => formatBytes(size_bytes),
    },
    {
      id: 'records',
      title: 'Offsets',
      isNumber: true,
      width: 'minmax(130px, 1fr)',
      sortBy: ({ first_offset }) => first_offset,
      cell: ({ first_offset, last_offset }) =>
        first_offset === null
          ? '–'
          : `${formatCount(first_offset)} – ${last_offset === null ? '?' : formatCount(last_offset)}`,
    },
    {
      id: 'modified',
      title: 'Written',
      width: 'minmax(170px, 1fr)',
      sortBy: ({ modified_at }) => modified_at,
      cell: ({ modified_at }) => <Time at={modified_at} />,
    },
    {
      id: 'state',
      title: 'State',
      width: 'minmax(110px, 0.8fr)',
      sortBy: ({ state }) => state,
      cell: ({ state }) =>
        state === 'finished' ? <Badge tone="good">finished</Badge> : <Badge tone="warn">under way</Badge>,
    },
  ];
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
