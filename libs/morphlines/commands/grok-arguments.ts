import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { systemCode } from '#std/errors';
import type { Arguments } from '../arguments.js';
import type { MorphlineContext } from '../command.js';
import { GrokDictionary } from '../grok/grok-dictionary.js';
import { shippedDictionaries } from '../grok/shipped-dictionaries.js';

/**
 * The dictionaries that a command names in `dictionaryResources`, `dictionaryFiles` and `dictionaryString`. A file or folder that is not there
 * but has the name of a dictionary that comes with us (`grok-dictionaries/java`, `grok-dictionaries`) means ours, because morphlines
 * everywhere refer to the copies that Cloudera's distribution laid beside them.
 */
export function grokDictionary(args: Arguments, context: MorphlineContext): GrokDictionary {
  const dictionary = new GrokDictionary();
  for (const name of args.strings('dictionaryResources', [])) {
    if (!addShipped(dictionary, name)) args.fail(`there is no dictionary ${name} here`, 'dictionaryResources');
  }
  for (const name of args.strings('dictionaryFiles', [])) {
    const path = [resolve(name), resolve(context.folder, name)].find(exists);
    if (path !== undefined) args.attempt('dictionaryFiles', path, (found) => addPath(dictionary, found));
    else if (isAbsolute(name) || !addShipped(dictionary, name))
      args.fail(
        `the file ${name} does not exist, nor does a dictionary of that name come with this program`,
        'dictionaryFiles',
      );
  }
  const text = args.string('dictionaryString', '');
  args.attempt('dictionaryString', text, (own) => dictionary.add(own, 'dictionaryString'));
  return dictionary;
}

function addShipped(dictionary: GrokDictionary, name: string): boolean {
  const wanted = basename(name);
  if (wanted === 'grok-dictionaries') {
    for (const [file, text] of shippedDictionaries) dictionary.add(text, file);
    return true;
  }
  const text = shippedDictionaries.get(wanted);
  if (text === undefined) return false;
  dictionary.add(text, wanted);
  return true;
}

function addPath(dictionary: GrokDictionary, path: string): void {
  if (statSync(path).isDirectory()) {
    for (const name of readdirSync(path).sort()) addPath(dictionary, join(path, name));
  } else {
    dictionary.add(readFileSync(path, 'utf8'), path);
  }
}

function exists(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return false;
    throw error;
  }
}
