/**
 * Where cards stand: a column each stage, in it the order with few crossings (barycentres, swept to and fro), then each card as near to the
 * middle of its neighbours as the cards beside it allow (isotonic regression). Edges over more than one column keep a lane free there.
 */
import { sinkColumn, type FlowStructure } from './flow-structure.js';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface FlowLayout {
  /** Upper left corners of cards, by key. */
  readonly cards: ReadonlyMap<string, Point>;
  /** Upper left corners of the columns' titles; none from the top to the bottom, where there is no room. */
  readonly titles: ReadonlyMap<number, Point>;
  /** What each line passes through, from its first to its last point. */
  readonly lines: ReadonlyMap<string, readonly Point[]>;
  readonly width: number;
  readonly height: number;
}

export const cardSize = { width: 152, height: 96 };
/** Between columns there is room for what edges say. */
const acrossGap = 58;
/** Where they say the lag as well. */
const lagGap = 102;
const gapDown = 66;
const besideGap = 22;
const besideGapDown = 12;
const titleSize = 30;
const laneSize = 14;
const sweeps = 6;

interface Slot {
  readonly key: string;
  readonly size: number;
  readonly before: Slot[];
  readonly after: Slot[];
  /** Middle, along the column. */
  at: number;
}

/** `isDown`: stages from the top to the bottom, for narrow windows. */
export function layoutOf(structure: FlowStructure, isDown: boolean): FlowLayout {
  const numbers = [...structure.columns.keys()].sort((left, right) => left - right);
  const indexOf = new Map(numbers.map((column, index) => [column, index]));
  const along = isDown ? cardSize.width : cardSize.height;
  const across = isDown ? cardSize.height : cardSize.width;
  const starts = startsOf(numbers, across, isDown);
  const startOf = (index: number): number => starts[index] ?? 0;
  const columns: Slot[][] = numbers.map(() => []);
  const slots = new Map<string, Slot>();
  const columnOf = new Map<string, number>();
  for (const { key, column } of structure.cards) {
    const index = indexOf.get(column) ?? 0;
    slots.set(key, addSlot(columns, index, { key, size: along }));
    columnOf.set(key, index);
  }
  const paths = structure.lines.map((line) => {
    const [from, to] = [columnOf.get(line.from) ?? 0, columnOf.get(line.to) ?? 0];
    const lanes: Slot[] = [];
    for (let index = from + 1; index < to; index += 1) {
      lanes.push(addSlot(columns, index, { key: `${line.key} ${index}`, size: laneSize }));
    }
    const passed = [slots.get(line.from), ...lanes, slots.get(line.to)].filter((slot) => slot !== undefined);
    passed.slice(1).forEach((slot, index) => link(passed[index], slot));
    return { line, from, to, passed };
  });
  order(columns);
  place(columns, isDown ? besideGapDown : besideGap);

  const all = columns.flat();
  const least = Math.min(0, ...all.map(({ at, size }) => at - size / 2));
  const offset = (isDown ? 0 : titleSize) - least;
  const point = (x: number, y: number): Point => (isDown ? { x: y, y: x } : { x, y });
  const most = Math.max(0, ...all.map(({ at, size }) => at + size / 2)) + offset;
  const corner = (slot: Slot, index: number): Point => point(startOf(index), slot.at + offset - slot.size / 2);
  const length = startOf(numbers.length - 1) + across;
  return {
    cards: new Map([...slots].map(([key, slot]) => [key, corner(slot, columnOf.get(key) ?? 0)])),
    titles: new Map(isDown ? [] : numbers.map((column, index) => [column, { x: startOf(index), y: 0 }])),
    lines: new Map(
      paths.map(({ line, from, to, passed }) => {
        const isBack = to < from;
        const ends = passed.flatMap((slot, index) => {
          const column = index === 0 ? from : index === passed.length - 1 ? to : from + index;
          const y = slot.at + offset;
          const [left, right] = [point(startOf(column), y), point(startOf(column) + across, y)];
          if (index === 0) return [isBack ? left : right];
          return index === passed.length - 1 ? [isBack ? right : left] : [left, right];
        });
        return [line.key, ends];
      }),
    ),
    width: isDown ? most : length,
    height: isDown ? length : most,
  };
}

/** Of each column, along the flow. */
function startsOf(columns: readonly number[], across: number, isDown: boolean): number[] {
  const starts: number[] = [];
  for (const column of columns) {
    const last = starts.at(-1);
    const gap = isDown ? gapDown : column === sinkColumn ? lagGap : acrossGap;
    starts.push(last === undefined ? 0 : last + across + gap);
  }
  return starts;
}

function addSlot(columns: readonly Slot[][], index: number, { key, size }: { key: string; size: number }): Slot {
  const slot: Slot = { key, size, before: [], after: [], at: 0 };
  columns[index]?.push(slot);
  return slot;
}

function link(from: Slot | undefined, to: Slot): void {
  if (from === undefined) return;
  from.after.push(to);
  to.before.push(from);
}

/** Leaves each column in the order of the middles of its neighbours. */
function order(columns: readonly Slot[][]): void {
  for (const column of columns) number(column);
  for (let sweep = 0; sweep < sweeps; sweep += 1) {
    const isForward = sweep % 2 === 0;
    for (const column of isForward ? columns : columns.toReversed()) {
      const wanted = new Map(column.map((slot) => [slot, middleOf(isForward ? slot.before : slot.after, slot.at)]));
      column.sort((left, right) => (wanted.get(left) ?? 0) - (wanted.get(right) ?? 0) || left.at - right.at);
      number(column);
    }
  }
}

/** Shares of the column, so that long and short columns can be compared. */
function number(column: readonly Slot[]): void {
  column.forEach((slot, index) => {
    slot.at = (index + 0.5) / column.length;
  });
}

function place(columns: readonly Slot[][], gap: number): void {
  for (const column of columns) settle(column, gap, () => 0);
  for (let sweep = 0; sweep < sweeps; sweep += 1) {
    const isForward = sweep % 2 === 0;
    for (const column of isForward ? columns : columns.toReversed()) {
      settle(column, gap, (slot) => middleOf([...slot.before, ...slot.after], slot.at));
    }
  }
}

function middleOf(slots: readonly Slot[], otherwise: number): number {
  return slots.length === 0 ? otherwise : slots.reduce((sum, { at }) => sum + at, 0) / slots.length;
}

/** As near as can be to what is wanted, in this order and without overlaps: neighbours that want the same place share it as a block. */
function settle(column: readonly Slot[], gap: number, wantedOf: (slot: Slot) => number): void {
  const blocks: { slots: Slot[]; sum: number }[] = [];
  const shifts = new Map<Slot, number>();
  let shift = 0;
  column.forEach((slot, index) => {
    const above = column[index - 1];
    if (above !== undefined) shift += above.size / 2 + gap + slot.size / 2;
    shifts.set(slot, shift);
    let block = { slots: [slot], sum: wantedOf(slot) - shift };
    for (let last = blocks.at(-1); last !== undefined && meanOf(last) > meanOf(block); last = blocks.at(-1)) {
      blocks.pop();
      block = { slots: [...last.slots, ...block.slots], sum: last.sum + block.sum };
    }
    blocks.push(block);
  });
  for (const block of blocks) for (const slot of block.slots) slot.at = meanOf(block) + (shifts.get(slot) ?? 0);
}

function meanOf({ slots, sum }: { slots: readonly Slot[]; sum: number }): number {
  return sum / slots.length;
}

/** Soft curves through the points: along the flow at each of them. */
export function pathOf(points: readonly Point[], isDown: boolean): string {
  return points
    .map((point, index) => {
      const before = points[index - 1];
      if (before === undefined) return `M${round(point.x)} ${round(point.y)}`;
      const bend = (isDown ? point.y - before.y : point.x - before.x) / 2;
      const [first, second] = isDown
        ? [`${round(before.x)} ${round(before.y + bend)}`, `${round(point.x)} ${round(point.y - bend)}`]
        : [`${round(before.x + bend)} ${round(before.y)}`, `${round(point.x - bend)} ${round(point.y)}`];
      return `C${first} ${second} ${round(point.x)} ${round(point.y)}`;
    })
    .join('');
}

/** Where what an edge says is written: in the middle of its last part, which no other edge of the same sender shares. */
export function labelPlace(points: readonly Point[]): Point {
  const [before, last] = points.slice(-2);
  if (before === undefined || last === undefined) return { x: 0, y: 0 };
  return { x: (before.x + last.x) / 2, y: (before.y + last.y) / 2 };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
