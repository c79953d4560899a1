/** JSON Merge Patch, RFC 7396: objects are merged, null removes, all else takes the place of what was there. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else Object.defineProperty(merged, name, { value: mergePatch(merged[name], value), ...ownProperty });
  }
  return merged;
}

/** So that `__proto__` in a body is a name as any other. */
const ownProperty = { enumerable: true, configurable: true, writable: true };

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
