import type { SinkType } from '#pipeline/sink';

type Config = Readonly<Record<string, string>>;

/** A connector's config in the words of its kind of sink: what was written for a well-known connector is translated, all else stays. */
export function ownOptions(type: Pick<SinkType, 'name' | 'translate'>, config: Config): Config {
  const written = (config['connector.class'] ?? '').trim();
  if (written === '' || written.toLowerCase() === type.name) return config;
  return type.translate?.(written, config) ?? config;
}
