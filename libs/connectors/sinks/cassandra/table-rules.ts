import type { OptionProblem } from '#config/options';
import { messageOf } from '#std/errors';
import { timeUnits, type TimeUnit } from './cql-texts.js';
import { parseMapping, type Mapping } from './mapping.js';

/** How records of a topic become rows of one table. */
export interface TableRule {
  /** The option that says so, for errors. */
  readonly option: string;
  /** Null = of every topic that no rule names. */
  readonly topic: string | null;
  readonly keyspace: string;
  /** May hold `${topic}`. */
  readonly table: string;
  /** Null = each column of the table from the field of its name. */
  readonly mapping: Mapping | null;
  /** A statement of the user's, whose markers are named by the mapping's columns. */
  readonly query: string | null;
  readonly consistency: Consistency;
  /** Seconds; null = the table's own. */
  readonly ttlSeconds: number | null;
  readonly ttlUnit: TimeUnit;
  readonly timestampUnit: TimeUnit;
  /** What numbers of timestamp columns count. */
  readonly codecUnit: TimeUnit;
  readonly nullToUnset: boolean;
  readonly deletesEnabled: boolean;
}

export const consistencies = [
  ...['ANY', 'ONE', 'TWO', 'THREE', 'QUORUM', 'ALL', 'LOCAL_QUORUM', 'EACH_QUORUM', 'LOCAL_ONE'],
] as const;
/** By the number that the protocol has for them. */
const consistencyCodes: Readonly<Record<string, number>> = {
  ...{ ANY: 0, ONE: 1, TWO: 2, THREE: 3, QUORUM: 4, ALL: 5, LOCAL_QUORUM: 6, EACH_QUORUM: 7, LOCAL_ONE: 10 },
};
export type Consistency = number;

export function consistencyOf(name: string): Consistency | null {
  return consistencyCodes[name.toUpperCase()] ?? null;
}

/** What a rule takes from the connector's own options where `topic.…` does not say it. */
export type RuleDefaults = Pick<
  TableRule,
  'consistency' | 'ttlSeconds' | 'ttlUnit' | 'timestampUnit' | 'codecUnit' | 'nullToUnset' | 'deletesEnabled'
>;

export interface TableRules {
  readonly rules: readonly TableRule[];
  readonly problems: readonly OptionProblem[];
}

const tableSetting =
  /^(?<topic>.+)\.(?<keyspace>[^.]+)\.(?<table>[^.]+)\.(?<setting>mapping|consistencyLevel|ttl|ttlTimeUnit|timestampTimeUnit|nullToUnset|deletesEnabled|query)$/;
const codecSetting = /^(?<topic>.+)\.codec\.(?<setting>locale|timeZone|timestamp|date|time|unit)$/;

interface Draft {
  readonly topic: string;
  readonly keyspace: string;
  readonly table: string;
  readonly settings: Map<string, string>;
}

/** Reads the DataStax connector's `topic.<topic>.<keyspace>.<table>.<setting>` from the keys behind `topic.`. */
export function tableRules(settings: Readonly<Record<string, string>>, defaults: RuleDefaults): TableRules {
  const problems: OptionProblem[] = [];
  const drafts = new Map<string, Draft>();
  const units = new Map<string, TimeUnit>();
  const wrong = (name: string, message: string): void => {
    problems.push({ name: `topic.${name}`, value: settings[name] ?? null, message });
  };
  for (const [name, value] of Object.entries(settings)) {
    const codec = codecSetting.exec(name)?.groups;
    const found = tableSetting.exec(name)?.groups;
    if (codec !== undefined) {
      const unit = value.toUpperCase();
      if (codec['setting'] !== 'unit') {
        wrong(name, 'is not supported: texts of dates and times are ISO 8601, numbers have a point; leave it out');
      } else if (isTimeUnit(unit)) units.set(codec['topic'] ?? '', unit);
      else wrong(name, unitSentence);
    } else if (found === undefined) {
      wrong(
        name,
        'is not like topic.<topic>.<keyspace>.<table>.mapping (or consistencyLevel, ttl, ttlTimeUnit, timestampTimeUnit, nullToUnset, deletesEnabled, query)',
      );
    } else {
      const { topic = '', keyspace = '', table = '', setting = '' } = found;
      const id = `${topic}.${keyspace}.${table}`;
      const draft = drafts.get(id) ?? { topic, keyspace, table, settings: new Map<string, string>() };
      draft.settings.set(setting, value);
      drafts.set(id, draft);
    }
  }
  const rules = [...drafts].flatMap(([id, draft]) => {
    const rule = ruleOf(id, draft, defaults, units.get(draft.topic) ?? defaults.codecUnit, wrong);
    return rule === null ? [] : [rule];
  });
  return { rules, problems };
}

type Wrong = (name: string, message: string) => void;

function ruleOf(id: string, draft: Draft, defaults: RuleDefaults, codecUnit: TimeUnit, wrong: Wrong): TableRule | null {
  const { topic, keyspace, table, settings } = draft;
  const text = settings.get('mapping');
  if (text === undefined) {
    wrong(`${id}.mapping`, `is missing: table ${keyspace}.${table} has settings and no mapping`);
    return null;
  }
  const mapping = mappingOrProblem(text, (message) => wrong(`${id}.mapping`, message));
  if (mapping === null) return null;
  const query = settings.get('query') ?? null;
  const refusal = query === null ? null : queryProblem(query);
  if (refusal !== null) wrong(`${id}.query`, refusal);
  const ttl = Number(settings.get('ttl') ?? '-1');
  if (!Number.isInteger(ttl) || ttl < -1) wrong(`${id}.ttl`, 'must be a whole number of seconds, or -1 for none');
  const consistency = consistencyOf(settings.get('consistencyLevel') ?? 'LOCAL_QUORUM');
  if (consistency === null) wrong(`${id}.consistencyLevel`, `must be one of ${consistencies.join(', ')}`);
  const unit = (setting: string, or: TimeUnit): TimeUnit => {
    const name = settings.get(setting)?.toUpperCase() ?? or;
    if (isTimeUnit(name)) return name;
    wrong(`${id}.${setting}`, unitSentence);
    return or;
  };
  const flag = (setting: string, or: boolean): boolean => {
    const value = settings.get(setting)?.toLowerCase() ?? String(or);
    if (value !== 'true' && value !== 'false') wrong(`${id}.${setting}`, 'must be true or false');
    return value === 'true';
  };
  return {
    option: `topic.${id}.mapping`,
    ...{ topic, keyspace, table, mapping, query },
    consistency: settings.has('consistencyLevel') ? (consistency ?? defaults.consistency) : defaults.consistency,
    ttlSeconds: settings.has('ttl') ? (ttl < 0 ? null : ttl) : defaults.ttlSeconds,
    ttlUnit: unit('ttlTimeUnit', defaults.ttlUnit),
    timestampUnit: unit('timestampTimeUnit', defaults.timestampUnit),
    codecUnit,
    nullToUnset: flag('nullToUnset', defaults.nullToUnset),
    deletesEnabled: flag('deletesEnabled', defaults.deletesEnabled),
  };
}

export function mappingOrProblem(text: string, wrong: (message: string) => void): Mapping | null {
  try {
    return parseMapping(text);
  } catch (error) {
    wrong(`is no mapping: ${messageOf(error)}`);
    return null;
  }
}

/** A statement that does more when it is run again would break the promise that a record counts once. */
function queryProblem(query: string): string | null {
  if (!/^\s*(insert|update|delete)\b/i.test(query)) return 'must be an INSERT, UPDATE or DELETE';
  if (/\bif\s+(not\s+)?(exists\b|[\w"]+\s*[=<>!])/i.test(query)) {
    return 'must have no condition (IF …): run a second time it would do something else';
  }
  if (/=\s*:[\w"]+\s*\+\s*[\w"]+|("?\w+"?)\s*-=|("?\w+"?)\s*\+=/i.test(query)) return addsSentence;
  return null;
}

export const addsSentence =
  'must set values, not add to them: a record that is written again would count twice. Counters and lists that grow can not be written';

const unitSentence = `must be one of ${Object.keys(timeUnits).join(', ')}`;

export function isTimeUnit(text: string): text is TimeUnit {
  return Object.hasOwn(timeUnits, text);
}
