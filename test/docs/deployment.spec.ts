// What can be said of Dockerfile and docker-compose.yml without an engine.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { z } from 'zod';
import { roleSettings } from '#nest/role-settings';
import { projectRoot } from '../flows/product.js';

const read = (name: string): string => readFileSync(join(projectRoot, name), 'utf8');
const dockerfile = read('Dockerfile');
const roles = ['topics', 'admin', 'collector', 'sink-worker'];

const service = z.object({
  image: z.string().optional(),
  build: z.string().optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
});
const compose = z
  .object({ services: z.record(z.string(), service), volumes: z.record(z.string(), z.unknown()) })
  .parse(merged(parseYaml(read('docker-compose.yml'))));
/** Those that are built here; the others are what the roles work with. */
const services = Object.entries(compose.services).filter(([, { image }]) => image === undefined);
/** Settings that no role declares: REDIS_URL is read where jobs are opened. */
const furtherSettings = ['REDIS_URL'];

describe('docker-compose.yml', () => {
  it('starts each role once, by its own name', () => {
    expect(services.map(([, { command }]) => command)).toEqual(services.map(([name]) => [name]));
    expect(services.map(([name]) => name).toSorted()).toEqual(roles.toSorted());
  });

  it.each(services)('gives %s only settings that the role knows', (name, { environment }) => {
    const source = read(`apps/${name}/src/main.ts`);
    const unknown = Object.keys(environment).filter(
      (key) => !(key in roleSettings) && !furtherSettings.includes(key) && !source.includes(`${key}: {`),
    );
    expect(unknown).toEqual([]);
  });

  it('has a volume declared for each that is mounted, where the image keeps its data', () => {
    const [, data] = /^VOLUME (\S+)$/m.exec(dockerfile) ?? [];
    expect(dockerfile).toContain(`MILLRACE_DATA=${data}`);
    const mounted = Object.values(compose.services).flatMap(({ volumes }) =>
      volumes.map((volume) => volume.split(':')),
    );
    expect(mounted.map(([name]) => name).toSorted()).toEqual(Object.keys(compose.volumes).toSorted());
    const ours = services.flatMap(([, { volumes }]) => volumes.map((volume) => volume.split(':')[1]));
    expect(new Set(ours)).toEqual(new Set([data]));
  });

  it('publishes ports on loopback only, the ones that the image has', () => {
    const exposed = /^EXPOSE (.*)$/m.exec(dockerfile)?.[1]?.split(' ') ?? [];
    for (const [, { ports }] of services) {
      for (const port of ports) {
        expect(port).toMatch(/^127\.0\.0\.1:/);
        expect(exposed).toContain(port.split(':').at(-1));
      }
    }
  });
});

describe('the Dockerfile', () => {
  it('copies what is there after a build', () => {
    const paths = [...dockerfile.matchAll(/^COPY --from=build \/app\/(\S+)/gm)].map((match) => match[1] ?? '');
    expect(paths).toEqual(['node_modules', 'package.json', 'bin', 'dist', 'examples']);
    expect(paths.filter((path) => !existsSync(join(projectRoot, path)))).toEqual([]);
    const [, first = ''] = /^COPY (package\.json .*) \.\/$/m.exec(dockerfile) ?? [];
    expect(first.split(' ').filter((path) => !existsSync(join(projectRoot, path)))).toEqual([]);
    const [, entry = ''] = /^ENTRYPOINT \["node", (?:"--[^"]*", )*"([^"]+)"/m.exec(dockerfile) ?? [];
    expect(existsSync(join(projectRoot, entry))).toBe(true);
  });

  it('keeps what the build needs in its context', () => {
    const ignored = read('.dockerignore').trim().split('\n');
    const needed = [
      'apps',
      'libs',
      'bench',
      'test',
      'bin',
      'tools',
      'examples',
      'tsconfig.json',
      'tsconfig.build.json',
    ];
    expect(needed.filter((path) => ignored.includes(path) || !existsSync(join(projectRoot, path)))).toEqual([]);
  });

  it('prunes packages for development, which nothing that runs imports', () => {
    const { dependencies } = z
      .object({ dependencies: z.record(z.string(), z.string()) })
      .parse(JSON.parse(read('package.json')));
    // What the console imports is in its bundle.
    const sources = ['apps', 'libs'].flatMap(sourcesBelow).filter((path) => !path.includes(join('apps', 'console')));
    const imported = sources.flatMap((path) => packagesImportedBy(read(path)));
    expect(imported.length).toBeGreaterThan(0);
    expect([...new Set(imported)].filter((name) => !(name in dependencies))).toEqual([]);
  });
});

/** The parser of @nestjs/swagger, so that a test alone needs no package. */
function parseYaml(text: string): unknown {
  const require = createRequire(import.meta.url);
  const parser: unknown = createRequire(require.resolve('@nestjs/swagger'))('js-yaml');
  return z
    .object({ load: z.custom<(text: string) => unknown>((value) => typeof value === 'function') })
    .parse(parser)
    .load(text);
}

/** Compose takes `<<` keys, YAML 1.2 does not. */
function merged(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  const { '<<': base, ...own } = value as Record<string, unknown>;
  const entries = Object.entries({ ...(merged(base) as object | undefined), ...own });
  return Object.fromEntries(entries.map(([key, entry]) => [key, merged(entry)]));
}

function sourcesBelow(folder: string): string[] {
  return readdirSync(join(projectRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/\.(spec|testkit)\.ts$/.test(name) && !name.includes('testing/'))
    .map((name) => join(folder, name));
}

/** Of imports that are left after compilation. */
function packagesImportedBy(source: string): string[] {
  const statements = source.matchAll(
    /^(?:import|export)\s+(?!type\b)[^;]*?from\s+'([^'.#][^']*)'|\bimport(?:\(|\s)\s*'([^'.#][^']*)'/gm,
  );
  return [...statements]
    .map((match) => match[1] ?? match[2] ?? '')
    .filter((name) => !name.startsWith('node:'))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );
}
