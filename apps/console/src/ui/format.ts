/** Numbers and times as people read them; every number has its unit. */
const count = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const none = '–';

/** `12,345`; null is a dash. */
export function formatCount(value: number | null | undefined): string {
  return value === null || value === undefined ? none : count.format(value);
}

/** `12.3K`. */
export function formatShort(value: number | null | undefined): string {
  return value === null || value === undefined ? none : short.format(value);
}

/** `51.2/s`. */
export function formatRate(value: number | null | undefined): string {
  if (value === null || value === undefined) return none;
  return `${value > 0 && value < 10 ? value.toFixed(1) : short.format(Math.round(value))}/s`;
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `1.5 MiB`. */
export function formatBytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return none;
  const step = Math.min(byteUnits.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, value)) / 10)));
  const scaled = value / 1024 ** step;
  return `${scaled >= 100 || step === 0 ? scaled.toFixed(0) : scaled.toFixed(1)} ${byteUnits[step]}`;
}

/** `1.5 MiB/s`. */
export function formatByteRate(value: number | null | undefined): string {
  return value === null || value === undefined ? none : `${formatBytes(value)}/s`;
}

/** `850 ms`, `12 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h`. */
export function formatSeconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return none;
  if (value < 1) return `${Math.round(value * 1_000)} ms`;
  const seconds = Math.round(value);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return joined(minutes, 'min', seconds % 60, 's');
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? joined(hours, 'h', minutes % 60, 'min') : joined(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function joined(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** `1 record`, `2 records`. */
export function formatPlural(value: number, one: string, many = `${one}s`): string {
  return `${formatCount(value)} ${value === 1 ? one : many}`;
}
