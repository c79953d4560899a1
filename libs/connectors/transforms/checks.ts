/** Checks that several transforms' options have. */

export function atLeastOne(names: readonly string[]): string | null {
  return names.length > 0 ? null : 'must have at least one';
}
