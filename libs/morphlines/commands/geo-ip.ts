import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { Reader, type Response } from 'mmdb-lib';
import { ChainedCommand } from '../chained-command.js';
import type { CommandInput, CommandType } from '../command.js';
import { JavaDouble, javaText, type TreeValue } from '../java-value.js';
import { JsonTree } from '../json-tree.js';
import { fields, type MorphlineRecord } from '../record.js';

/** Looks an address up in a MaxMind database; what is found becomes a JSON tree in `_attachment_body`. */
export const geoIp: CommandType = {
  name: 'geoIP',
  className: 'org.kitesdk.morphline.maxmind.GeoIPBuilder',
  create: (input) => new GeoIp(input),
};

class GeoIp extends ChainedCommand {
  private readonly inputField: string;
  private readonly database: Reader<Response>;

  constructor({ arguments: args, child }: CommandInput) {
    super(child);
    this.inputField = args.string('inputField');
    const path = args.string('database', 'GeoLite2-City.mmdb');
    this.database = args.attempt('database', path, (file) => new Reader<Response>(readFileSync(file)));
  }

  process(record: MorphlineRecord): boolean {
    const values = record.get(this.inputField);
    if (values.length === 0) return false;
    for (const value of values.slice()) {
      const address = javaText(value);
      if (isIP(address) === 0) return false;
      const found = this.database.get(address);
      if (found === null) return false;
      record.put(fields.attachmentBody, new JsonTree(withPairs(treeOf(found))));
    }
    return this.child.process(record);
  }
}

/** Both orders of the place's coordinates in one text each, as search engines want them. */
function withPairs(tree: TreeValue): TreeValue {
  const location = isMap(tree) ? tree['location'] : undefined;
  if (!isMap(tree) || location === undefined || !isMap(location)) return tree;
  const { latitude, longitude } = location;
  if (latitude === undefined || longitude === undefined) return tree;
  const [north, east] = [new JsonTree(latitude).toString(), new JsonTree(longitude).toString()];
  return {
    ...tree,
    location: { ...location, latitude_longitude: `${north},${east}`, longitude_latitude: `${east},${north}` },
  };
}

/** The database's floats stay floats. */
function treeOf(value: unknown, name = ''): TreeValue {
  if (Array.isArray(value)) return value.map((item) => treeOf(item));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, treeOf(item, key)]));
  if (typeof value === 'number' && (!Number.isInteger(value) || name === 'latitude' || name === 'longitude'))
    return new JavaDouble(value);
  return (value ?? null) as TreeValue;
}

function isMap(value: TreeValue): value is { readonly [key: string]: TreeValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JavaDouble);
}
