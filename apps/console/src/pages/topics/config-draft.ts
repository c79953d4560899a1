/** Changes of settings that were not sent yet. */
import type { TopicConfig } from './topic-api.js';

/** Value by name; null: back to the default. */
export type ConfigDraft = Readonly<Record<string, string | null>>;

/** What would be other than it is. */
export function withChange(
  draft: ConfigDraft,
  { name, source, value: old }: TopicConfig,
  value: string | null,
): ConfigDraft {
  const { [name]: _before, ...others } = draft;
  const isAsItWas = value === null ? source !== 'topic' : source === 'topic' && value === old;
  return isAsItWas ? others : { ...others, [name]: value };
}

/** The settings as lines for a comparison: those of the topic itself, and the defaults that are touched. */
export function diffOf(configs: readonly TopicConfig[], draft: ConfigDraft): { before: string; after: string } {
  const shown = configs
    .filter(({ name, source }) => source === 'topic' || Object.hasOwn(draft, name))
    .toSorted((left, right) => (left.name < right.name ? -1 : 1));
  const line = (name: string, value: string | null, isDefault: boolean): string =>
    `${name}=${value ?? ''}${isDefault ? '   # default' : ''}`;
  return {
    before: shown.map(({ name, value, source }) => line(name, value, source !== 'topic')).join('\n'),
    after: shown
      .map(({ name, value, source, default_value: fallback }) => {
        const change = draft[name];
        if (change === undefined) return line(name, value, source !== 'topic');
        return change === null ? line(name, fallback, true) : line(name, change, false);
      })
      .join('\n'),
  };
}

/** `name=value` lines; what is wrong with the first line that is none. */
export function configsOfLines(text: string): { configs: Readonly<Record<string, string>>; problem: string | null } {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const wrong = lines.find((line) => !/^[\w.-]+\s*=/.test(line));
  const pairs = lines
    .filter((line) => line.includes('='))
    .map((line) => {
      const at = line.indexOf('=');
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()] as const;
    });
  return {
    configs: Object.fromEntries(pairs),
    problem: wrong === undefined ? null : `"${wrong}" is no name=value`,
  };
}

/** What a change does beside the value itself, where people are surprised by it. */
export function effectsOf(configs: readonly TopicConfig[], draft: ConfigDraft): readonly string[] {
  return configs.flatMap(({ name, value: old, default_value: fallback }) => {
    const change = draft[name];
    if (change === undefined) return [];
    const next = change ?? fallback ?? '';
    if (name === 'retention.ms' || name === 'retention.bytes') {
      const limitOf = (text: string | null): number => (Number(text ?? -1) < 0 ? Infinity : Number(text));
      return limitOf(next) < limitOf(old) ? [`Less is kept: older records are removed soon after (${name}).`] : [];
    }
    if (name === 'cleanup.policy' && next.includes('compact') && old?.includes('compact') !== true) {
      return ['Records without a key are refused from now on, and of each key only the newest record stays.'];
    }
    if (name === 'cleanup.policy' && next.includes('delete') && old?.includes('delete') !== true) {
      return ['Retention removes old records from now on.'];
    }
    if (name === 'max.message.bytes' && Number(next) < Number(old)) {
      return ['Larger batches are refused: see that producers send smaller ones.'];
    }
    return [];
  });
}
