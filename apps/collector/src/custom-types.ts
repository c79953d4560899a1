/** Loads the components of one's own that a flume.conf names, before it is judged. */
import { readFileSync, statSync } from 'node:fs';
import { createRequire, findPackageJSON } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ComponentRegistry, ComponentType } from '#pipeline/collector';
import { componentTypeIn, isPath, packageNames, unknownTypes, type UnknownType } from '#pipeline/custom-component';
import type { AgentConf } from '#pipeline/flume-conf';
import type { ConfProblems } from '#pipeline/flume-problem';
import { messageOf, systemCode } from '#std/errors';

export interface CustomTypes {
  /** With the loaded types beside the built-in ones. */
  readonly registry: ComponentRegistry;
  /** Their files: where one changes, the configuration has changed. */
  readonly files: readonly string[];
}

/** One module is loaded once as long as its file is the same, so that components built by it are seen to be the same. */
const loaded = new Map<string, ComponentType<never>>();

export async function loadCustomTypes(
  agent: AgentConf,
  registry: ComponentRegistry,
  problems: ConfProblems,
): Promise<CustomTypes> {
  const types = { source: [], channel: [], sink: [], interceptor: [], selector: [] } as Record<
    UnknownType['kind'],
    ComponentType<never>[]
  >;
  const files: string[] = [];
  const seen = new Set<string>();
  for (const unknown of unknownTypes(agent, registry)) {
    const { kind, value } = unknown;
    const id = `${kind}\0${value.text}`;
    if (seen.has(id)) continue;
    seen.add(id);
    const file = fileOf(unknown);
    // Most likely a misspelled type: the judge has the words for it.
    if (file === null) continue;
    try {
      types[kind].push(await load(file, unknown));
      files.push(file);
    } catch (error) {
      const message =
        systemCode(error) === 'ENOENT'
          ? `there is no file ${file}`
          : `${file} could not be loaded: ${messageOf(error)}`;
      problems.error(value.at, `The ${kind} type "${value.text}": ${message}.`);
    }
  }
  return {
    files,
    registry: {
      ...registry,
      sources: [...registry.sources, ...types.source],
      channels: [...registry.channels, ...types.channel],
      sinks: [...registry.sinks, ...types.sink],
      interceptors: [...registry.interceptors, ...types.interceptor],
      selectors: [...registry.selectors, ...types.selector],
    },
  };
}

async function load(file: string, unknown: UnknownType): Promise<ComponentType<never>> {
  const version = statSync(file).mtimeMs;
  const key = [unknown.kind, unknown.value.text, file, version].join('\0');
  const before = loaded.get(key);
  if (before !== undefined) return before;
  // The query makes an edited file a new module.
  const module: unknown = await import(`${pathToFileURL(file).href}?version=${version}`);
  const type = componentTypeIn<never>(module, unknown);
  loaded.set(key, type);
  return type;
}

/** Null where it is no path and no package that is installed beside the file or beside this product. */
function fileOf(unknown: UnknownType): string | null {
  const { text, at } = unknown.value;
  const folder = at.file.includes('://') ? process.cwd() : resolve(dirname(at.file));
  if (isPath(text)) return resolve(folder, text);
  for (const name of packageNames(unknown)) {
    for (const base of [join(folder, 'flume.conf'), import.meta.filename]) {
      const file = mainFileOf(name, base);
      if (file !== null) return file;
    }
  }
  return null;
}

function mainFileOf(name: string, base: string): string | null {
  try {
    return createRequire(base).resolve(name);
  } catch (error) {
    if (systemCode(error) !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') return null;
  }
  // Only for `import`: what its package.json says of that.
  const manifest = findPackageJSON(name, pathToFileURL(base));
  if (manifest === undefined) return null;
  const main = importTarget(JSON.parse(readFileSync(manifest, 'utf8')));
  return main === null ? null : join(dirname(manifest), main);
}

function importTarget(manifest: unknown): string | null {
  let target = property(manifest, 'exports');
  target = property(target, '.') ?? target;
  for (const condition of ['node', 'import', 'default']) target = property(target, condition) ?? target;
  return typeof target === 'string' ? target : null;
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
