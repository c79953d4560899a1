import { readdir, readFile } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { SinkType } from '#pipeline/sink';
import { messageOf, systemCode } from '#std/errors';
import { sinkKit, type SinkKit } from './sink-kit.js';

/** Packages of this name, also in a scope (`@acme/millrace-sink-geo`), hold a sink each. */
const packageName = /^millrace-sink-[a-z0-9][a-z0-9._-]*$/;

export interface SinkPlugins {
  readonly types: readonly SinkType[];
  /** Packages that could not be loaded, each as one sentence. */
  readonly failures: readonly string[];
}

/** A package is loaded once; another version of it needs a new process. */
const loaded = new Map<string, Promise<SinkType>>();

/**
 * Where packages are looked for: `node_modules` of the working directory and of the folders above it, the one that this product was installed
 * into, and the folders named in `MILLRACE_PLUGINS` (separated as in PATH), which hold packages or a `node_modules`.
 */
export function pluginFolders(environment: Readonly<Record<string, string | undefined>>, cwd: string): string[] {
  const folders = new Set<string>();
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    folders.add(join(folder, 'node_modules'));
    if (dirname(folder) === folder) break;
  }
  const installed = import.meta.dirname.lastIndexOf(`${join('/', 'node_modules')}${join('/')}`);
  if (installed >= 0) folders.add(join(import.meta.dirname.slice(0, installed), 'node_modules'));
  for (const folder of (environment['MILLRACE_PLUGINS'] ?? '').split(delimiter)) {
    if (folder === '') continue;
    folders.add(resolve(cwd, folder));
    folders.add(resolve(cwd, folder, 'node_modules'));
  }
  return [...folders];
}

/** Loads every package that is there now. Never rejects. */
export async function loadSinkPlugins(folders: readonly string[]): Promise<SinkPlugins> {
  const types: SinkType[] = [];
  const failures: string[] = [];
  const seen = new Set<string>();
  for (const folder of folders) {
    for (const name of await packagesIn(folder)) {
      if (seen.has(name)) continue;
      seen.add(name);
      try {
        types.push(await load(join(folder, name)));
      } catch (error) {
        failures.push(`The package ${name} in ${folder} could not be loaded as a sink: ${messageOf(error)}`);
      }
    }
  }
  return { types, failures };
}

async function packagesIn(folder: string): Promise<string[]> {
  const names = await namesIn(folder);
  const scoped = await Promise.all(
    names
      .filter((name) => name.startsWith('@'))
      .map(async (scope) => (await namesIn(join(folder, scope))).map((name) => `${scope}/${name}`)),
  );
  return [...names, ...scoped.flat()].filter((name) => packageName.test(name.slice(name.indexOf('/') + 1))).toSorted();
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(systemCode(error) ?? '')) return [];
    throw error;
  }
}

function load(folder: string): Promise<SinkType> {
  const before = loaded.get(folder);
  if (before !== undefined) return before;
  const loading = importSink(folder);
  loaded.set(folder, loading);
  // A package that is mended is tried again.
  loading.catch(() => loaded.delete(folder));
  return loading;
}

async function importSink(folder: string): Promise<SinkType> {
  const manifest: unknown = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const module: unknown = await import(pathToFileURL(join(folder, mainOf(manifest))).href);
  const plugin = property(module, 'default');
  const type: unknown = typeof plugin === 'function' ? (plugin as (kit: SinkKit) => unknown)(sinkKit) : plugin;
  const wrong = problemOf(type);
  if (wrong !== null) throw new Error(`its default export is no sink: ${wrong}`);
  return type as SinkType;
}

function mainOf(manifest: unknown): string {
  let target = property(manifest, 'exports');
  target = property(target, '.') ?? target;
  for (const condition of ['node', 'import', 'default']) target = property(target, condition) ?? target;
  target ??= property(manifest, 'main');
  return typeof target === 'string' ? target : 'index.js';
}

/** What a module must export; null where it does. */
function problemOf(type: unknown): string | null {
  if (typeof property(type, 'name') !== 'string') return 'name is not a text';
  for (const name of ['create', 'guarantee']) {
    if (typeof property(type, name) !== 'function') return `${name} is not a function`;
  }
  if (typeof property(type, 'options') !== 'object') return 'options is not an object';
  return Array.isArray(property(type, 'classNames')) ? null : 'classNames is not a list';
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
