/** A list of any length: only what is in view is drawn; sorted by a click on a head; `j` and `k` move, Enter opens. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState, type ReactNode } from 'react';

export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  /** A track of a CSS grid. Default `minmax(90px, 1fr)`. */
  readonly width?: string;
  readonly isNumber?: boolean;
  /** By what it is sorted; without it the head is no button. */
  readonly sortBy?: (row: Row) => string | number | null;
  readonly cell: (row: Row) => ReactNode;
}

export interface DataTableProps<Row> {
  /** What the rows are: "Topics". */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly sortedBy?: { readonly column: string; readonly descending?: boolean };
  /** Told of another order, for those who keep it in the link. */
  readonly onSort?: (sort: { readonly column: string; readonly descending?: boolean }) => void;
  /** Key of the row that is shown beside the table. */
  readonly current?: string | null;
  /** Enter on a row, and a click beside its links. */
  readonly onOpen?: (row: Row) => void;
  readonly rowHeight?: number;
  /** CSS height of the frame; default: as high as the rows, at most 70 % of the window. */
  readonly height?: string;
  /** Shown in place of rows when there are none. */
  readonly empty?: ReactNode;
  /** Called when the end comes into view, for lists that go on. */
  readonly onEnd?: () => void;
}

export function DataTable<Row>(props: DataTableProps<Row>) {
  const { columns, keyOf, onOpen, onEnd, rowHeight = 38 } = props;
  const [sort, setSort] = useState(props.sortedBy ?? null);
  const rows = useMemo(() => sorted(props.rows, columns, sort), [props.rows, columns, sort]);
  const frame = useRef<HTMLDivElement>(null);
  const focused = useRef(-1);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => rowHeight,
    overscan: 8,
    getItemKey: (index) => {
      const row = rows[index];
      return row === undefined ? index : keyOf(row);
    },
  });
  const items = virtual.getVirtualItems();
  const lastShown = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (lastShown >= rows.length - 1 && rows.length > 0) onEnd?.();
  }, [lastShown, rows.length, onEnd]);
  const template = columns.map(({ width = widthDefault }) => width).join(' ');
  // Every row is a grid of its own: what a cell holds must not widen its row.
  const minWidth = minWidthOf(columns);

  const move = (step: number): void => {
    const index = Math.max(0, Math.min(rows.length - 1, focused.current + step));
    virtual.scrollToIndex(index);
    requestAnimationFrame(() => frame.current?.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus());
  };
  if (rows.length === 0 && props.empty !== undefined) return <>{props.empty}</>;
  return (
    <div
      ref={frame}
      className="table-frame"
      role="table"
      aria-label={props.label}
      aria-rowcount={rows.length + 1}
      tabIndex={rows.length === 0 ? 0 : -1}
      style={props.height === undefined ? { maxHeight: '70vh' } : { height: props.height }}
      onKeyDown={(event) => {
        if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return;
        if (event.key === 'j' || event.key === 'ArrowDown') move(1);
        else if (event.key === 'k' || event.key === 'ArrowUp') move(-1);
        else return;
        event.preventDefault();
      }}
    >
      <div role="rowgroup" style={{ position: 'sticky', top: 0, zIndex: 2 }}>
        <div className="table-head" role="row" aria-rowindex={1} style={{ gridTemplateColumns: template, minWidth }}>
          {columns.map((column) => (
            <Head
              key={column.id}
              column={column}
              sort={sort}
              onSort={(next) => {
                setSort(next);
                props.onSort?.(next);
              }}
            />
          ))}
        </div>
      </div>
      <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {items.map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          return (
            <div
              key={item.key}
              className="table-row"
              role="row"
              aria-rowindex={item.index + 2}
              data-index={item.index}
              data-current={props.current === keyOf(row)}
              tabIndex={item.index === Math.max(0, focused.current) ? 0 : -1}
              onFocus={() => {
                focused.current = item.index;
              }}
              onClick={(event) => {
                if (!isOnControl(event.target, event.currentTarget)) onOpen?.(row);
              }}
              onKeyDown={(event) => {
                if (event.key === 'Enter' && event.target === event.currentTarget) onOpen?.(row);
              }}
              style={{
                gridTemplateColumns: template,
                minWidth,
                position: 'absolute',
                inset: '0 0 auto 0',
                height: rowHeight,
                transform: `translateY(${item.start}px)`,
                ...(onOpen === undefined ? {} : { cursor: 'pointer' }),
              }}
            >
              {columns.map((column) => (
                <div key={column.id} role="cell" className={column.isNumber === true ? 'number' : undefined}>
                  {column.cell(row)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}

const widthDefault = 'minmax(90px, 1fr)';
const columnGap = 14;
const rowPadding = 24;

/** Pixels below which the table scrolls sideways: the least width of each column, gaps and padding (as `ui.css` has them). */
function minWidthOf(columns: readonly { readonly width?: string }[]): number {
  const least = columns.map(({ width = widthDefault }) => Number(/(\d+)px/.exec(width)?.[1] ?? 90));
  return least.reduce((sum, width) => sum + width + columnGap, rowPadding - columnGap);
}

type Sort = { readonly column: string; readonly descending?: boolean } | null;

function Head<Row>(props: { column: Column<Row>; sort: Sort; onSort: (sort: NonNullable<Sort>) => void }) {
  const { column, sort, onSort } = props;
  const className = column.isNumber === true ? 'number' : undefined;
  if (column.sortBy === undefined) {
    return (
      <div role="columnheader" className={className} style={{ fontWeight: 600, color: 'var(--text-quiet)' }}>
        {column.title}
      </div>
    );
  }
  const isSorted = sort?.column === column.id;
  const isDescending = isSorted && sort.descending === true;
  return (
    <div
      role="columnheader"
      className={className}
      {...(isSorted ? { 'aria-sort': isDescending ? 'descending' : 'ascending' } : {})}
    >
      <button type="button" onClick={() => onSort({ column: column.id, descending: isSorted && !isDescending })}>
        {column.title}
        <span aria-hidden="true">{isSorted ? (isDescending ? ' ↓' : ' ↑') : ''}</span>
      </button>
    </div>
  );
}

function sorted<Row>(rows: readonly Row[], columns: readonly Column<Row>[], sort: Sort): readonly Row[] {
  const sortBy = columns.find(({ id }) => id === sort?.column)?.sortBy;
  if (sortBy === undefined) return rows;
  const sign = sort?.descending === true ? -1 : 1;
  return rows.toSorted((left, right) => sign * compare(sortBy(left), sortBy(right)));
}

const words = new Intl.Collator('en', { numeric: true });

function compare(left: string | number | null, right: string | number | null): number {
  if (left === null || right === null) return Number(left !== null) - Number(right !== null);
  return typeof left === 'number' && typeof right === 'number'
    ? left - right
    : words.compare(String(left), String(right));
}

/** Links and buttons in a row do their own thing. */
function isOnControl(target: EventTarget, row: EventTarget): boolean {
  if (!(target instanceof Element)) return false;
  const control = target.closest('a, button, input, select, textarea, [role="menuitem"]');
  return control !== null && control !== row;
}
