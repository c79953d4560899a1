import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Arguments } from '../arguments.js';
import { StepCommand } from '../chained-command.js';
import type { CommandInput, CommandType } from '../command.js';

/** Fields that mean something to loadSolr, whatever the schema says. */
const always = new Set(['_loadSolr_deleteById', '_loadSolr_deleteByQuery', '_loadSolr_childDocuments']);

/**
 * Removes (or renames) fields that a Solr schema does not have. The schema is read from a file: `solrLocator : { solrHomeDir : … }` as in Kite,
 * or `schemaFile` of ours. It is not fetched from ZooKeeper.
 */
export const sanitizeUnknownSolrFields: CommandType = {
  name: 'sanitizeUnknownSolrFields',
  className: 'org.kitesdk.morphline.solr.SanitizeUnknownSolrFieldsBuilder',
  create(input) {
    const { arguments: args, child } = input;
    const isKnown = schemaOf(input);
    const prefix = args.string('renameToPrefix', '').trim();
    return new StepCommand(child, (record) => {
      for (const name of [...record.names()]) {
        if (always.has(name) || isKnown(name)) continue;
        if (prefix !== '') record.putAll(prefix + name, record.get(name));
        record.remove(name);
      }
      return true;
    });
  },
};

function schemaOf({ arguments: args, context }: CommandInput): (name: string) => boolean {
  const locator = args.optionalObject('solrLocator');
  const home = locator === null ? null : args.nested(locator).optionalString('solrHomeDir');
  const given = args.optionalString('schemaFile');
  const named = given === null ? [] : [given];
  const inHome =
    home === null
      ? []
      : ['conf/schema.xml', 'conf/managed-schema', 'conf/managed-schema.xml'].map((name) => join(home, name));
  const candidates = [...named, ...inHome].flatMap((path) => [resolve(path), resolve(context.folder, path)]);
  const path = candidates.find((candidate) => existsSync(candidate)) ?? missing(args, candidates);
  const schema = args
    .attempt('schemaFile', path, (found) => readFileSync(found, 'utf8'))
    .replaceAll(/<!--[^]*?-->/g, '');
  const names = new Set(namesOf(schema, 'field'));
  const patterns = namesOf(schema, 'dynamicField');
  return (name) => names.has(name) || patterns.some((pattern) => fits(name, pattern));
}

function missing(args: Arguments, candidates: readonly string[]): never {
  if (candidates.length > 0) args.fail(`there is no schema at ${candidates.join(' or ')}`);
  return args.fail(
    'the schema has to be in a file: give schemaFile, or solrHomeDir in solrLocator. It is not fetched from ZooKeeper or Solr',
  );
}

function namesOf(schema: string, element: string): string[] {
  const pattern = new RegExp(String.raw`<${element}\s[^>]*?\bname\s*=\s*["']([^"']+)["']`, 'g');
  return [...schema.matchAll(pattern)].map((match) => match[1] ?? '');
}

/** `*_s` or `attr_*`. */
function fits(name: string, pattern: string): boolean {
  if (pattern.startsWith('*')) return name.endsWith(pattern.slice(1));
  return pattern.endsWith('*') && name.startsWith(pattern.slice(0, -1));
}
