import { useEffect, useRef } from 'react';
import { useBootstrap } from '../../../api/nodes.js';
import { useGet } from '../../../api/queries.js';
import { useMay } from '../../../shell/session.js';
import { Button, Command, CopyButton, Facts } from '../../../ui/basics.js';
import { formatBytes, formatCount, formatPlural } from '../../../ui/format.js';
import { ErrorNotice, Loading } from '../../../ui/notices.js';
import { Time } from '../../../ui/time.js';
import { DecodeTabs } from './decode-tabs.js';
import { draftOf, type Draft } from './produce-dialog.js';
import { keyOfRow, recordsPath, type RecordDetail, type RecordRow } from './record-api.js';
import { jsonOf, recordCommands } from './record-copies.js';
import { paramsOf, queryOf, type RecordPlace, type RecordQuery } from './record-query.js';

interface Props {
  readonly topic: string;
  readonly place: RecordPlace;
  /** Of the list beside it. */
  readonly rows: readonly RecordRow[];
  readonly onOpen: (place: RecordPlace) => void;
  readonly onClose: () => void;
  readonly onShow: (query: RecordQuery) => void;
  readonly onResend: (draft: Draft) => void;
}

/** One record beside the list: `[` and `]` go to the one before and behind it, Esc closes. */
export function RecordPanel(props: Props) {
  const { topic, place, onOpen, onClose } = props;
  const { data, error, isPlaceholderData, refetch } = useRecord(topic, place);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const { previous, next } = neighbours(props, data);
  return (
    <section
      className="card stack records-panel"
      aria-label={`Record ${keyOfRow(place)}`}
      aria-busy={isPlaceholderData}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onClose();
      }}
    >
      <div className="row">
        <h2 className="grow" tabIndex={-1} ref={heading}>
          Partition {place.partition}, offset {formatCount(place.offset)}
        </h2>
        <Step label="Previous record" shortcut="previous" mark="[" to={previous} onOpen={onOpen} />
        <Step label="Next record" shortcut="next" mark="]" to={next} onOpen={onOpen} />
        <Button tone="quiet" aria-label="Close" onPress={onClose}>
          ✕
        </Button>
      </div>
      {error === null ? null : <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null ? <Loading what="the record" /> : null}
      {data === undefined ? null : <Detail {...props} record={data} />}
    </section>
  );
}

function useRecord(topic: string, { partition, offset }: RecordPlace) {
  return useGet<RecordDetail>(`${recordsPath(topic)}/${partition}/${offset}`);
}

function Step(props: {
  label: string;
  shortcut: string;
  mark: string;
  to: RecordPlace | null;
  onOpen: (place: RecordPlace) => void;
}) {
  const { label, shortcut, mark, to, onOpen } = props;
  return (
    <Button
      tone="quiet"
      aria-label={label}
      data-shortcut={shortcut}
      isDisabled={to === null}
      onPress={() => to !== null && onOpen({ partition: to.partition, offset: to.offset })}
    >
      <span className="kbd">{mark}</span>
    </Button>
  );
}

/** Of the list; a record that is not in it has those of its partition. */
function neighbours(
  { rows, place }: Props,
  record: RecordDetail | undefined,
): { previous: RecordPlace | null; next: RecordPlace | null } {
  const at = rows.findIndex(({ partition, offset }) => partition === place.partition && offset === place.offset);
  if (at >= 0) return { previous: rows[at - 1] ?? null, next: rows[at + 1] ?? null };
  if (record === undefined) return { previous: null, next: null };
  const { partition, offset } = place;
  return {
    previous: offset > record.first_offset ? { partition, offset: offset - 1 } : null,
    next: offset + 1 < record.next_offset ? { partition, offset: offset + 1 } : null,
  };
}

/** So many records before it are shown with it. */
const aroundCount = 20;

function Detail({ topic, record, onShow, onResend }: Props & { record: RecordDetail }) {
  const bootstrap = useBootstrap();
  const mayEdit = useMay('topics', 'edit', topic);
  const { partition, offset, timestamp, key, value, headers } = record;
  return (
    <>
      <div className="row">
        <CopyButton text={jsonOf(record)} label="Copy as JSON" />
        <CopyButton text={linkTo(record)} label="Copy link" />
        <Button
          tone="quiet"
          onPress={() =>
            onShow({
              ...queryOf(new URLSearchParams()),
              start: 'offset',
              offset: String(Math.max(0, offset - aroundCount)),
              partitions: [String(partition)],
            })
          }
        >
          Show around
        </Button>
        {mayEdit ? <Button onPress={() => onResend(draftOf(record))}>Edit and send again</Button> : null}
      </div>
      <Facts
        facts={[
          ['Time', <Time key="time" at={timestamp} millis />],
          ['Size', `${formatBytes(key?.bytes ?? 0)} key, ${formatBytes(value?.bytes ?? 0)} value`],
        ]}
      />
      <DecodeTabs title="Value" content={value} />
      <DecodeTabs title="Key" content={key} />
      <Headers headers={headers} />
      <section className="stack" style={{ gap: 6 }}>
        <h3>In a terminal</h3>
        {recordCommands(record, bootstrap).map((command) => (
          <Command key={command} text={command} />
        ))}
      </section>
    </>
  );
}

/** With the list as it is: the query string holds all. */
function linkTo({ partition, offset }: RecordDetail): string {
  const url = new URL(window.location.href);
  const params = paramsOf(queryOf(url.searchParams));
  params.set('at', `${partition}:${offset}`);
  url.search = params.toString();
  return url.href;
}

function Headers({ headers }: { headers: RecordDetail['headers'] }) {
  return (
    <section className="stack" style={{ gap: 6 }}>
      <h3>Headers</h3>
      {headers.length === 0 ? (
        <p className="quiet">None.</p>
      ) : (
        <table className="plain-table">
          <caption className="unseen">{formatPlural(headers.length, 'header')}</caption>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            {headers.map(({ name, value, format }, index) => (
              <tr key={`${index} ${name}`}>
                <th scope="row" className="mono">
                  {name}
                </th>
                <td className="mono records-wrap">
                  {value ?? <span className="quiet">none</span>}
                  {format === 'base64' ? <span className="quiet"> (base64)</span> : null}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
