import { requestLines } from '../../../api/request.js';
import { Button } from '../../../ui/basics.js';
import { toast, toastError } from '../../../ui/notices.js';
import { recordsPath, type RecordRow, type SearchLine } from './record-api.js';
import { orderOf, serverQuery, type RecordQuery } from './record-query.js';

const rowsMax = 10_000;

interface Props {
  readonly topic: string;
  readonly query: RecordQuery;
  readonly rows: readonly RecordRow[];
}

/** The records of the list, whole, as a file of this browser. */
export function DownloadMenu(props: Props) {
  const { rows } = props;
  const save = (kind: 'ndjson' | 'csv'): void => {
    download(props, kind).catch(toastError);
  };
  return (
    <div className="row" role="group" aria-label="Download the list">
      <Button isDisabled={rows.length === 0} onPress={() => save('ndjson')}>
        Download NDJSON
      </Button>
      <Button isDisabled={rows.length === 0} onPress={() => save('csv')}>
        Download CSV
      </Button>
    </div>
  );
}

type WholeRow = Omit<RecordRow, 'key' | 'value'> & { readonly key: unknown; readonly value: unknown };

async function download({ topic, query, rows }: Props, kind: 'ndjson' | 'csv'): Promise<void> {
  const whole = query.start === 'live' ? rows : await wholeRows({ topic, query, rows });
  const text =
    kind === 'ndjson'
      ? whole.map((row) => `${JSON.stringify(row)}\n`).join('')
      : [csvColumns.join(','), ...whole.map(csvLine)].map((line) => `${line}\r\n`).join('');
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: kind === 'csv' ? 'text/csv' : 'application/x-ndjson' }));
  link.download = `${topic}.${kind}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  if (rows.length > rowsMax) toast(`The first ${rowsMax} of the list: an export takes all.`, 'warn');
}

/** Read again, from the record on with which the list begins: the list has only the beginnings of their texts. */
async function wholeRows({ topic, query, rows }: Props): Promise<WholeRow[]> {
  const wanted = new Set(rows.slice(0, rowsMax).map(({ partition, offset }) => `${partition}:${offset}`));
  const limit = Math.min(100_000, wanted.size + slack);
  const found: WholeRow[] = [];
  const given = { ...serverQuery(query), limit, page_token: beginOf(query, rows) };
  const leaving = new AbortController();
  for await (const line of requestLines<SearchLine>('GET', recordsPath(topic), {
    query: given,
    signal: leaving.signal,
  })) {
    if ('error' in line) throw new Error(line.error.detail);
    if (!('scanned' in line) && wanted.delete(`${line.partition}:${line.offset}`)) found.push(line);
    if (wanted.size === 0) break;
  }
  leaving.abort();
  return found;
}

/** Records that came meanwhile may be among those that are read. */
const slack = 1_000;

/** Newest first, so that what came since is not in it. */
function beginOf(query: RecordQuery, rows: readonly RecordRow[]): string | undefined {
  if (orderOf(query) !== 'newest') return undefined;
  const ends = new Map<number, number>();
  for (const { partition, offset } of rows) ends.set(partition, Math.max(ends.get(partition) ?? 0, offset + 1));
  return [...ends].map(([partition, end]) => `${partition}:${end}`).join(',');
}

const csvColumns = ['partition', 'offset', 'timestamp', 'key', 'key_format', 'value', 'value_format', 'headers'];

function csvLine(row: WholeRow): string {
  const fields = [
    ...[row.partition, row.offset, row.timestamp, row.key, row.key_format, row.value, row.value_format, row.headers],
  ];
  return fields.map(csvField).join(',');
}

function csvField(value: unknown): string {
  if (value === null) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
