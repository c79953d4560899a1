/** The folder that Flume's users give with `--conf`. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { decodeProperties, parseProperties } from '#pipeline/flume-properties';
import { systemCode } from '#std/errors';

const commonOptionsFile = '/etc/flume/flume.opts';

export interface FlumeOptions {
  /** Of `flume.opts`: long names of options, which the command line overrides. */
  readonly options: Readonly<Record<string, string>>;
  /** Where `--conf` names a flume.conf itself. */
  readonly confFiles: readonly string[];
}

/**
 * Reads `flume.opts` of the folder, else of `/etc/flume`. A `flume-env.sh` is not run: what it sets belongs into the environment of the process.
 */
export function readFlumeOptions(conf: string | null): FlumeOptions {
  if (conf !== null && !statSync(conf).isDirectory()) return { options: {}, confFiles: [conf] };
  for (const path of [...(conf === null ? [] : [join(conf, 'flume.opts')]), commonOptionsFile]) {
    const options = optionsIn(path);
    if (options !== null) return { options, confFiles: [] };
  }
  return { options: {}, confFiles: [] };
}

function optionsIn(path: string): Record<string, string> | null {
  try {
    const { entries } = parseProperties(decodeProperties(readFileSync(path)), path);
    return Object.fromEntries(entries.map(({ key, value }) => [key, value.trim()]));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}
