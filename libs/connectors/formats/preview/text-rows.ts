/** Rows of files of lines: NDJSON where each line is an object, else the lines as they are. */
import { isUtf8 } from 'node:buffer';
import type { PreviewBounds, PreviewedRows } from './preview-rows.js';

const hexBytesMax = 512;

export function textRows(bytes: Buffer, bounds: PreviewBounds): PreviewedRows {
  const last = bytes.lastIndexOf(10);
  const whole = bounds.isPart && last !== -1 ? bytes.subarray(0, last) : bytes;
  if (whole.includes(0) || !isUtf8(whole.subarray(0, bounds.isPart && last === -1 ? 0 : whole.length))) {
    const shown = bytes.subarray(0, hexBytesMax);
    return { decoder: 'Bytes', schema: null, columns: ['bytes'], rows: [{ bytes: shown.toString('hex') }] };
  }
  const text = whole.toString('utf8');
  const lines = text.split(/\r?\n/, bounds.rowsMax + 1);
  if (lines.at(-1) === '') lines.pop();
  const shown = lines.slice(0, bounds.rowsMax);
  const objects = shown.map(objectOf);
  if (shown.length > 0 && objects.every((object) => object !== null)) {
    const columns = [...new Set(objects.flatMap((object) => Object.keys(object ?? {})))];
    return { decoder: 'JSON lines', schema: null, columns, rows: objects.map((object) => object ?? {}) };
  }
  return { decoder: 'Text lines', schema: null, columns: ['line'], rows: shown.map((line) => ({ line })) };
}

function objectOf(line: string): Record<string, unknown> | null {
  if (!line.startsWith('{')) return null;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
}
