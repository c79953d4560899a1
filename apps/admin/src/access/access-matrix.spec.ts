/** Every route that the OpenAPI document has, times every role: what answers and what refuses, held against a table. */
import 'reflect-metadata';
import { HttpException, RequestMethod, type CallHandler, type ExecutionContext } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Observable } from 'rxjs';
import type { ApiKey, RoleBinding } from '#control/access/access-records';
import { ControlStore } from '#control/control-store';
import { ErrorFilter } from '#nest/error-filter';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { Cluster } from '#topics/cluster';
import { AdminModule } from '../admin-module.js';
import { adminParts } from '../admin-parts.testkit.js';
import { FakeTopics } from '../kafka-rest/fake-topics.testkit.js';
import { AccessControl } from './access-control.js';
import { AccessGuard } from './access-guard.js';
import { nobodySaid } from './access.testkit.js';
import { freshKey } from './api-key-secret.js';
import { AuditTrail } from './audit-trail.js';
import { requirementKey, type Level, type Requirement } from './requires.js';

/** What a role may do, and what it may not. */
const rights = {
  nobody: { read: 403, operate: 403, edit: 403, administer: 403 },
  viewer: { read: 418, operate: 403, edit: 403, administer: 403 },
  operator: { read: 418, operate: 418, edit: 403, administer: 403 },
  editor: { read: 418, operate: 418, edit: 418, administer: 403 },
  admin: { read: 418, operate: 418, edit: 418, administer: 418 },
} as const satisfies Record<string, Record<Level, number>>;
type Role = keyof typeof rights;
const roles = Object.keys(rights) as Role[];

const reached = 418;

interface Route {
  readonly method: string;
  /** As OpenAPI writes it. */
  readonly path: string;
  readonly requirement: Requirement | 'open' | undefined;
}

describe('the rights of routes', () => {
  let app: NestExpressApplication;
  let port = 0;
  let routes: Route[] = [];
  let documented: string[] = [];
  const secrets = new Map<string, string>();

  const keyFor = (name: string): ApiKey => {
    const { id, secret, secretHash } = freshKey();
    secrets.set(name, `${id}.${secret}`);
    const times = { createdAt: new Date(0), expiresAt: null, rotatedAt: null };
    return { id, name, secretHash, createdBy: '', revision: 1, ...times };
  };
  const bindingFor = (name: string, role: string, areas: string[] = [], namePrefix = ''): RoleBinding => {
    return { id: name, principal: `ApiKey:${name}`, role, areas, namePrefix, createdBy: '', createdAt: new Date(0) };
  };

  beforeAll(async () => {
    const snapshot = {
      ...nobodySaid,
      keys: [...roles, 'team', 'topics'].map(keyFor),
      bindings: [
        ...roles.filter((role) => role !== 'nobody').map((role) => bindingFor(role, role)),
        bindingFor('team', 'editor', ['sinks'], 'team-'),
        bindingFor('topics', 'admin', ['topics']),
      ],
    };
    const common = { clock: systemClock, logger: silentLogger };
    const access = new AccessControl({
      source: { load: async () => snapshot },
      environment: {},
      isOpenAtFirst: true,
      ...common,
    });
    const audit = new AuditTrail({ appendAudit: async () => undefined }, systemClock, silentLogger);
    const store = new ControlStore({ databaseUrl: '', ...common });
    const topics = new FakeTopics(new Cluster({ bootstrap: [], clientId: 'spec', ...common }));
    const parts = adminParts({ store, topics, access, audit });
    app = await NestFactory.create<NestExpressApplication>(AdminModule.of(parts), { logger: false });
    app.useGlobalGuards(new AccessGuard(access, audit));
    // Runs behind the guards, and keeps every handler from being reached.
    app.useGlobalInterceptors({
      intercept(_context: ExecutionContext, _next: CallHandler): Observable<unknown> {
        throw new HttpException('reached', reached);
      },
    });
    app.useGlobalFilters(new ErrorFilter(silentLogger, () => []));
    parts.openApi.describe(app);
    await app.listen(0, '127.0.0.1');
    port = portOf(await app.getUrl());
    routes = (AdminModule.of(parts).controllers ?? []).flatMap((controller) =>
      routesOf(controller as { prototype: object }),
    );
    const document = (await parts.openApi.document()) as { paths: Record<string, object> };
    documented = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
  });
  afterAll(async () => {
    await app.close();
  });

  const ask = async (route: Route, login: string | null, name = 'x'): Promise<Response> => {
    const url = `http://127.0.0.1:${port}${route.path.replaceAll(/\{[^}]+\}/g, name)}`;
    const hasBody = ['POST', 'PUT', 'PATCH'].includes(route.method);
    const headers = {
      ...(login === null ? {} : { authorization: `ApiKey ${secrets.get(login)}` }),
      ...(hasBody ? { 'content-type': 'application/json' } : {}),
    };
    const body = hasBody ? { body: JSON.stringify({ name, topic_name: name }) } : {};
    const response = await fetch(url, { method: route.method, headers, ...body });
    await response.arrayBuffer();
    return response;
  };
  /** Lines that differ, so that one run shows all. */
  const differences = async (
    login: string | null,
    expected: (route: Route, requirement: Requirement) => number,
    name?: string,
  ): Promise<string[]> => {
    const found: string[] = [];
    for (const route of routes) {
      const { status } = await ask(route, login, name);
      const { requirement } = route;
      const wanted = requirement === 'open' || requirement === undefined ? reached : expected(route, requirement);
      if (status !== wanted) found.push(`${route.method} ${route.path}: ${status}, expected ${wanted}`);
    }
    return found;
  };

  it('are declared by each, and each is documented', () => {
    const undeclared = routes.filter(({ requirement }) => requirement === undefined);
    expect(undeclared.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
    expect(routes.length).toBeGreaterThan(60);
    const known = new Set(routes.map(({ method, path }) => `${method} ${path}`));
    expect(documented.filter((route) => !known.has(route))).toEqual([]);
  });

  it('are open without a login only where nothing is shown, and for the login itself', () => {
    const open = routes.filter(({ requirement }) => requirement === 'open').map(({ path }) => path);
    const login = '/api/v1/session';
    expect(open.sort()).toEqual([login, '/docs', '/docs/{file}', '/health', '/livez', '/openapi.json', '/readyz']);
  });

  it('begin with a login: 401 says how', async () => {
    expect(await differences(null, () => 401)).toEqual([]);
    const response = await fetch(`http://127.0.0.1:${port}/connectors`);
    expect(response.headers.get('www-authenticate')).toMatch(/Basic .*ApiKey .*Bearer /);
  });

  it.each(roles)('are those of the table for the role %s', async (role) => {
    const wanted = ({ areas, level }: Requirement): number => (areas.length === 0 ? reached : rights[role][level]);
    expect(await differences(role, (_route, requirement) => wanted(requirement))).toEqual([]);
  });

  it('end with the area of a role', async () => {
    const isItsOwn = ({ areas }: Requirement): boolean => areas.every((area) => area === 'topics');
    expect(await differences('topics', (_route, requirement) => (isItsOwn(requirement) ? reached : 403))).toEqual([]);
  });

  it.each([
    ['team-x', reached],
    ['teams', 403],
    ['x', 403],
    ['Team-x', 403],
  ])('end with the prefix of a role: what is called %s is answered %i', async (name, ofNamed) => {
    const expected = (_route: Route, { areas, level, named, isFiltered }: Requirement): number => {
      if (areas.length === 0 || (isFiltered === true && areas[0] === 'sinks')) return reached;
      const isItsOwn = areas.every((area) => area === 'sinks') && level !== 'administer' && named !== undefined;
      return isItsOwn ? ofNamed : 403;
    };
    expect(await differences('team', expected, name)).toEqual([]);
  });
});

/** From the same marks that Nest makes its router of. */
function routesOf(controller: { prototype: object }): Route[] {
  const base = String(Reflect.getMetadata(PATH_METADATA, controller) ?? '');
  return Object.getOwnPropertyNames(controller.prototype).flatMap((name) => {
    const handler: unknown = Reflect.get(controller.prototype, name);
    if (typeof handler !== 'function' || !Reflect.hasMetadata(METHOD_METADATA, handler)) return [];
    const method = RequestMethod[Number(Reflect.getMetadata(METHOD_METADATA, handler))] ?? '';
    const requirement = Reflect.getMetadata(requirementKey, handler) as Route['requirement'];
    const given: unknown = Reflect.getMetadata(PATH_METADATA, handler);
    return (Array.isArray(given) ? (given as unknown[]) : [given]).map((path) => ({
      method,
      path: openApiPath(`${base}/${String(path)}`),
      requirement,
    }));
  });
}

function openApiPath(path: string): string {
  const plain = `/${path.split('/').filter(Boolean).join('/')}`;
  return plain.replaceAll(/(?<!\\):(\w+)/g, '{$1}').replaceAll('\\:', ':');
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}
