const newline = 10;
const carriageReturn = 13;

/** Lines cut out of a buffer: line i is `[starts[i], ends[i])`, without its line end. */
export interface CutLines {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Where the first byte lies that belongs to no cut line. */
  readonly next: number;
}

/**
 * Cuts whole lines out of `bytes[from, to)`, at most `linesMax`. A line ends with `\n`; one `\r` before it goes too when
 * `stripCarriageReturn`. What follows the last line end is left. Nothing is copied.
 */
export function cutLines(
  bytes: Buffer,
  range: { readonly from: number; readonly to: number },
  linesMax: number,
  stripCarriageReturn: boolean,
): CutLines {
  // A guess that is right for lines of 100 bytes and more; grown where lines are shorter.
  let starts = new Int32Array(Math.min(linesMax, 16 + ((range.to - range.from) >> 6)));
  let ends = new Int32Array(starts.length);
  let count = 0;
  let at = range.from;
  while (count < linesMax) {
    const end = bytes.indexOf(newline, at);
    if (end === -1 || end >= range.to) break;
    if (count === starts.length) {
      starts = grown(starts, linesMax);
      ends = grown(ends, linesMax);
    }
    starts[count] = at;
    ends[count] = stripCarriageReturn && end > at && bytes[end - 1] === carriageReturn ? end - 1 : end;
    count += 1;
    at = end + 1;
  }
  return { starts: starts.subarray(0, count), ends: ends.subarray(0, count), next: at };
}

function grown(array: Int32Array<ArrayBuffer>, lengthMax: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.min(lengthMax, array.length * 2));
  larger.set(array);
  return larger;
}
