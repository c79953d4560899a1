/**
 * Folders by the names of Kafka Connect's partitioners (`partitioner.class` of Confluent's storage connectors), as templates of paths:
 *
 *     Default    partition=<n>              Field      <field>=<value> for each of partition.field.name
 *     TimeBased  as path.format says        Daily      year=YYYY/month=MM/day=dd      Hourly  …/hour=HH
 */
import type { CalendarZone } from '#std/calendar-zone';
import { defineOptions, type OptionValues } from '#config/options';
import { RollingOptionsError } from './rolling-error.js';

const partitioners = ['Default', 'Field', 'TimeBased', 'Daily', 'Hourly'] as const;
type Partitioner = (typeof partitioners)[number];

const extractors = ['Record', 'RecordField', 'Wallclock'] as const;
type TimestampExtractor = (typeof extractors)[number];

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const dayFormat = "'year'=YYYY/'month'=MM/'day'=dd";

export const partitionerSpecs = defineOptions({
  'partitioner.class': {
    type: 'string',
    group: 'Files',
    doc:
      "Folders below `topics.dir/topic`, by Kafka Connect's names: `DefaultPartitioner`, `FieldPartitioner`, `TimeBasedPartitioner`, " +
      '`DailyPartitioner`, `HourlyPartitioner` (with or without package and ending).',
    check: (value: string) => (partitionerOf(value) === null ? `must be one of ${partitioners.join(', ')}` : null),
  },
  'partition.field.name': {
    type: 'list',
    group: 'Files',
    doc: 'FieldPartitioner: fields of JSON values, `country` or `address.country`; each gives a folder `field=value`.',
  },
  'path.format': {
    type: 'string',
    group: 'Files',
    doc: "TimeBasedPartitioner: a Java date pattern, with literals in quotes: `'dt'=YYYY-MM-dd/'hour'=HH`.",
    check: (value: string) => {
      const template = javaPathTemplate(value);
      return 'problem' in template ? template.problem : null;
    },
  },
  'partition.duration.ms': {
    type: 'long',
    group: 'Files',
    unit: 'ms',
    min: -1,
    doc: 'TimeBasedPartitioner: times are rounded down to a multiple of this. Default: not at all.',
  },
  'timestamp.extractor': {
    type: 'string',
    group: 'Files',
    default: 'Record',
    aliases: ['timestamp.source'],
    doc:
      "Whose time folders go by: `Record` (the record's), `RecordField` (`timestamp.field` of its JSON value), `Wallclock` (the clock, which " +
      'weakens the guarantee).',
    check: (value: string) => (extractorOf(value) === null ? `must be one of ${extractors.join(', ')}` : null),
  },
  'timestamp.field': {
    type: 'string',
    group: 'Files',
    default: 'timestamp',
    doc: 'RecordField: milliseconds since 1970, or a text of ISO 8601. A record without it is a bad record.',
  },
  locale: {
    type: 'string',
    group: 'Files',
    importance: 'low',
    doc: 'Language of months and days in folders: only English (`en`, `en-US`).',
    check: (value: string) =>
      /^en([-_]|$)/i.test(value) ? null : 'must be en: names of days and months are English here',
  },
});

export type PartitionerValues = OptionValues<typeof partitionerSpecs>;

export interface PartitionFolders {
  /** Template of what lies below the topic's folder. */
  readonly template: string;
  /** To which times are rounded down; 0 = not at all. */
  readonly durationMs: number;
}

/** Throws a RollingOptionsError. */
export function partitionFolders(values: PartitionerValues): PartitionFolders {
  const partitioner = partitionerOf(values['partitioner.class'] ?? 'Default') ?? 'Default';
  const durationMs = Math.max(0, values['partition.duration.ms'] ?? 0);
  switch (partitioner) {
    case 'Default':
      return { template: 'partition=%{partition}', durationMs: 0 };
    case 'Field': {
      const fields = values['partition.field.name'] ?? [];
      if (fields.length === 0)
        throw new RollingOptionsError('partition.field.name', 'FieldPartitioner needs its fields');
      const template = fields.map((field) => `${field.slice(field.lastIndexOf('.') + 1)}=%(${field})`).join('/');
      return { template, durationMs: 0 };
    }
    case 'TimeBased': {
      const format = values['path.format'];
      if (format === null)
        throw new RollingOptionsError('path.format', 'TimeBasedPartitioner needs a format of its paths');
      return { template: templateOf(format), durationMs };
    }
    case 'Daily':
      return { template: templateOf(values['path.format'] ?? dayFormat), durationMs: dayMs };
    case 'Hourly':
      return { template: templateOf(values['path.format'] ?? `${dayFormat}/'hour'=HH`), durationMs: hourMs };
  }
}

/** The field with the time of a record; null where times are the record's own. */
export function timeFieldOf(values: PartitionerValues): string | null {
  return extractorOf(values['timestamp.extractor']) === 'RecordField' ? values['timestamp.field'] : null;
}

export function isByWallclock(values: PartitionerValues): boolean {
  return extractorOf(values['timestamp.extractor']) === 'Wallclock';
}

/** Rounds down to a multiple of so many ms on the zone's wall clock. */
export function roundedTo(zone: CalendarZone, durationMs: number): { roundDown(timeMs: number): number } {
  return {
    roundDown(timeMs) {
      const localMs = timeMs + zone.offsetMs(timeMs);
      return timeMs - (((localMs % durationMs) + durationMs) % durationMs);
    },
  };
}

function partitionerOf(text: string): Partitioner | null {
  const simple = text
    .trim()
    .slice(text.trim().lastIndexOf('.') + 1)
    .replace(/partitioner$/i, '')
    .toLowerCase();
  return partitioners.find((name) => name.toLowerCase() === simple) ?? null;
}

function extractorOf(text: string): TimestampExtractor | null {
  const simple = text
    .trim()
    .slice(text.trim().lastIndexOf('.') + 1)
    .replace(/timestampextractor$/i, '')
    .toLowerCase();
  const named = simple === 'event' ? 'record' : simple;
  return extractors.find((name) => name.toLowerCase() === named) ?? null;
}

function templateOf(format: string): string {
  const found = javaPathTemplate(format);
  if ('problem' in found) throw new RollingOptionsError('path.format', `path.format ${found.problem}`);
  return found.template;
}

/** Letters of Java's (and Joda's) date patterns as our escapes. */
const letters: Readonly<Record<string, string>> = {
  yyyy: '%Y',
  YYYY: '%Y',
  uuuu: '%Y',
  y: '%Y',
  Y: '%Y',
  yy: '%y',
  YY: '%y',
  M: '%n',
  MM: '%m',
  MMM: '%b',
  MMMM: '%B',
  d: '%e',
  dd: '%d',
  DDD: '%j',
  H: '%k',
  HH: '%H',
  h: '%l',
  hh: '%I',
  mm: '%M',
  ss: '%S',
  a: '%p',
  E: '%a',
  EEE: '%a',
  EEEE: '%A',
  Z: '%z',
};

/** A pattern of Java's dates as a template of paths. */
export function javaPathTemplate(format: string): { readonly template: string } | { readonly problem: string } {
  let template = '';
  const literal = (text: string): void => {
    template += text.replaceAll('%', '%%');
  };
  for (let at = 0; at < format.length;) {
    const quoted = /^'((?:[^']|'')*)'/.exec(format.slice(at));
    const run = /^([A-Za-z])\1*/.exec(format.slice(at))?.[0];
    if (quoted !== null) {
      literal(quoted[1] === '' ? "'" : (quoted[1] ?? '').replaceAll("''", "'"));
      at += quoted[0].length;
    } else if (run !== undefined) {
      const escape = letters[run];
      if (escape === undefined)
        return { problem: `has ${run}, which cannot be written; put literal letters in quotes` };
      template += escape;
      at += run.length;
    } else if (format[at] === "'") {
      return { problem: 'has a quote that does not end' };
    } else {
      literal(format[at] ?? '');
      at += 1;
    }
  }
  const segments = template.split('/');
  if (segments.some((segment) => segment === '.' || segment === '..' || segment.startsWith('+'))) {
    return { problem: 'must not have folders named . or .., or that begin with +' };
  }
  return { template };
}
