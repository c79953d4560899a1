/** Who sees which rows: as the lists of `/api/v1` show them. */
import { allows, type Grant } from '../../access/grants.js';
import type { Area } from '../../access/requires.js';
import type { MayRead } from './live-client.js';
import type { LiveTable } from './live-rows.js';

interface TableRight {
  /** Any of them lets somebody watch; which rows, `sees` says. */
  readonly areas: readonly Area[];
  /** Rows without a name of their own: roles that are limited to names do not see them. */
  readonly isWhole?: true;
}

const rights: Readonly<Record<LiveTable, TableRight>> = {
  topology: { areas: ['topics', 'sinks', 'collectors', 'groups'] },
  topics: { areas: ['topics'] },
  groups: { areas: ['groups'] },
  'group-partitions': { areas: ['groups'] },
  sinks: { areas: ['sinks'] },
  collectors: { areas: ['collectors'] },
  jobs: { areas: ['jobs'], isWhole: true },
  'dead-letters': { areas: ['sinks'] },
  workers: { areas: ['cluster'], isWhole: true },
};

export function mayWatch(grants: readonly Grant[], table: LiveTable): boolean {
  const { areas, isWhole } = rights[table];
  const filtered = isWhole === undefined ? { isFiltered: true as const } : {};
  return areas.some((area) => allows(grants, { areas: [area], level: 'read', ...filtered }, null));
}

export function areasOf(table: LiveTable): readonly Area[] {
  return rights[table].areas;
}

export function rowsOf(grants: readonly Grant[]): MayRead {
  const known = new Map<string, boolean>();
  const may = (area: Area, name: string): boolean => {
    const key = `${area} ${name}`;
    const found = known.get(key) ?? allows(grants, { areas: [area], level: 'read' }, name);
    if (known.size > 20_000) known.clear();
    known.set(key, found);
    return found;
  };
  const isUnlimited = grants.some(({ areas, namePrefix }) => areas.length === 0 && namePrefix === '');
  if (isUnlimited) return () => true;
  return (table, key, row) => {
    const right = rights[table];
    if (right.isWhole !== undefined) return true;
    if (table === 'topology') return topologyParts(key, row).every((part) => seesPart(part, may));
    if (table === 'group-partitions') return may('groups', key.slice(0, key.indexOf('\n')));
    return right.areas.every((area) => may(area, key));
  };
}

/** An edge is seen by who sees both ends. */
function topologyParts(key: string, row: object): readonly string[] {
  const [from, to]: unknown[] = [Reflect.get(row, 'from'), Reflect.get(row, 'to')];
  return typeof from === 'string' && typeof to === 'string' ? [from, to] : [key];
}

/** Keys of nodes are `node:<kind>/<name>` and, of parts of a connector, `node:<kind>/<name>/…`. */
function seesPart(key: string, may: (area: Area, name: string) => boolean): boolean {
  const [kind = '', name = ''] = key.slice('node:'.length).split('/', 2).map(decodeURIComponent);
  const areas: Readonly<Record<string, Area>> = {
    topic: 'topics',
    collector: 'collectors',
    sink: 'sinks',
    client: 'groups',
  };
  const area = Object.hasOwn(areas, kind) ? areas[kind] : undefined;
  return area !== undefined && may(area, name);
}
