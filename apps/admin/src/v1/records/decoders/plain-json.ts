/** So deep are values shown; what lies deeper is named only. */
const depthMax = 100;

/** What a binary format gave, as JSON has it: bytes as base64, times as ISO 8601, whole numbers that JSON would round as text. */
export function plainJson(value: unknown, depth = 0): unknown {
  if (depth > depthMax) return '…';
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  }
  if (Array.isArray(value)) return value.map((item) => plainJson(item, depth + 1));
  if (typeof value !== 'object' || value === null) return value ?? null;
  const entries: Iterable<readonly [unknown, unknown]> = value instanceof Map ? value : Object.entries(value);
  return Object.fromEntries([...entries].map(([name, item]) => [String(name), plainJson(item, depth + 1)]));
}
