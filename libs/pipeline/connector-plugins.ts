import type { ConverterType } from '#pipeline/sink-converters';
import type { PredicateType, TransformType } from '#pipeline/transforms/transform';

/** What a connector's config may name besides its sink; the lists are in `libs/connectors`. */
export interface ConnectorPlugins {
  /** Besides `bytes`, `string` and `json`, which are always there. */
  readonly converters: readonly ConverterType[];
  readonly transforms: readonly TransformType[];
  readonly predicates: readonly PredicateType[];
}

export const noPlugins: ConnectorPlugins = { converters: [], transforms: [], predicates: [] };

interface Named {
  readonly name: string;
  readonly classNames: readonly string[];
}

/** By short name, by Java class name, or by the latter without its package. */
export function findPlugin<T extends Named>(plugins: readonly T[], written: string): T | null {
  const wanted = written.trim().toLowerCase();
  return plugins.find((plugin) => namesOf(plugin).includes(wanted)) ?? null;
}

function namesOf({ name, classNames }: Named): string[] {
  return [name, ...classNames.flatMap((full) => [full, full.slice(full.lastIndexOf('.') + 1)])].map((each) =>
    each.toLowerCase(),
  );
}
