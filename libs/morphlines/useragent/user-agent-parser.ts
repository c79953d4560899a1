import { compileJavaRegex } from '#std/java-regex';
import { javaTrim } from '../java-value.js';
import type { RegexesEntry, RegexesYaml } from './regexes-yaml.js';

export const userAgentComponents = [
  'ua_family',
  'ua_major',
  'ua_minor',
  'ua_patch',
  'os_family',
  'os_major',
  'os_minor',
  'os_patch',
  'os_patch_minor',
  'device_family',
] as const;

export type UserAgentComponent = (typeof userAgentComponents)[number];

/** What a browser tells of itself. Null is what it does not tell; families are `Other` then. */
export type UserAgent = Readonly<Record<UserAgentComponent, string | null>>;

interface Pattern {
  readonly regex: RegExp;
  /** What stands in the database in place of groups: the family, then the numbers of the version. Null is a number that stays unknown. */
  readonly replacements: readonly (string | null | undefined)[];
}

/** Takes texts of the header User-Agent apart by ua-parser's database: of each section the first pattern that matches and gives a family. */
export class UserAgentParser {
  private readonly agents: readonly Pattern[];
  private readonly systems: readonly Pattern[];
  private readonly devices: readonly Pattern[];

  /** `file` is for messages. Throws an Error, with file:line, where a section is missing or a pattern is wrong. */
  constructor(database: RegexesYaml, file: string) {
    const patterns = (section: string, keys: readonly string[]): readonly Pattern[] => {
      const entries = database.get(section);
      if (entries === undefined) throw new Error(`${file} has no section ${section}`);
      return entries.map((entry) => patternOf(entry, section, keys, file));
    };
    this.agents = patterns('user_agent_parsers', [
      'family_replacement',
      'v1_replacement',
      'v2_replacement',
      'v3_replacement',
    ]);
    this.systems = patterns('os_parsers', [
      'os_replacement',
      'os_v1_replacement',
      'os_v2_replacement',
      'os_v3_replacement',
      'os_v4_replacement',
    ]);
    this.devices = patterns('device_parsers', ['device_replacement']);
  }

  parse(text: string): UserAgent {
    const [uaFamily = 'Other', uaMajor = null, uaMinor = null, uaPatch = null] = find(this.agents, text, 4);
    const [osFamily = 'Other', osMajor = null, osMinor = null, osPatch = null, osPatchMinor = null] = find(
      this.systems,
      text,
      5,
    );
    const [device = 'Other'] = find(this.devices, text, 1);
    return {
      ua_family: uaFamily,
      ua_major: uaMajor,
      ua_minor: uaMinor,
      ua_patch: uaPatch,
      os_family: osFamily,
      os_major: osMajor,
      os_minor: osMinor,
      os_patch: osPatch,
      os_patch_minor: osPatchMinor,
      device_family: device === null ? null : javaTrim(device),
    };
  }
}

function patternOf(entry: RegexesEntry, section: string, keys: readonly string[], file: string): Pattern {
  const source = entry.values.get('regex');
  if (source === undefined) throw new Error(`${file}:${entry.line}: the item of ${section} has no regex`);
  // Only devices have the flag.
  const flags = section === 'device_parsers' && entry.values.get('regex_flag') === 'i' ? 'i' : '';
  try {
    return { regex: compileJavaRegex(source, flags), replacements: replacementsOf(entry.values, keys) };
  } catch (error) {
    throw new Error(`${file}:${entry.line}: regex: ${(error as Error).message}`, { cause: error });
  }
}

/** A browser's second number that is given says that there is no third one. */
function replacementsOf(
  values: RegexesEntry['values'],
  keys: readonly string[],
): readonly (string | null | undefined)[] {
  return keys.map(
    (key) => values.get(key) ?? (key === 'v3_replacement' && values.has('v2_replacement') ? null : undefined),
  );
}

/** Each part by its replacement, or else by the group of its number; empty where no pattern gives a family. */
function find(patterns: readonly Pattern[], text: string, count: number): readonly (string | null)[] {
  for (const { regex, replacements } of patterns) {
    const match = regex.exec(text);
    if (match === null) continue;
    const parts: (string | null)[] = [];
    for (let index = 0; index < count; index += 1) {
      const replacement = replacements[index];
      parts.push(replacement === undefined ? groupOf(match, index + 1) : substituted(replacement, match, index === 0));
    }
    if (parts[0] !== null) return parts;
  }
  return [];
}

/** A number that is a reference and nothing else is unknown where its group took no part; a family is empty then. */
function substituted(replacement: string | null, match: RegExpExecArray, isFamily: boolean): string | null {
  if (replacement === null || !replacement.includes('$')) return replacement;
  if (!isFamily && /^\$\d$/.test(replacement)) return groupOf(match, Number(replacement.charAt(1)));
  return replacement.replaceAll(/\$(\d)/g, (_reference, digit: string) => groupOf(match, Number(digit)) ?? '');
}

function groupOf(match: RegExpExecArray, group: number): string | null {
  return match[group] ?? null;
}
