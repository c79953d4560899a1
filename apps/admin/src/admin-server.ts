import 'reflect-metadata';
import { StandardSchemaValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AccessLog } from '#nest/access-log';
import { ErrorFilter } from '#nest/error-filter';
import { FieldProblems, pointerOf } from '#nest/field-problems';
import { isParsed } from '#nest/media-types';
import { NestLogger } from '#nest/nest-logger';
import { requestGuard } from '#nest/request-guard';
import type { Logger } from '#std/log';
import { AccessGuard } from './access/access-guard.js';
import { AdminModule } from './admin-module.js';
import { consoleFiles } from './console/console-files.js';
import type { AdminParts } from './admin-parts.js';

const bodyBytesMax = 4 * 1024 * 1024;

/** Routes, guards and error answers over `parts`; not listening yet. */
export async function createAdminServer(
  parts: AdminParts,
  edge: { accessLog: AccessLog; logger: Logger; /** Where it will listen. */ host: string },
): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AdminModule.of(parts), {
    bodyParser: false,
    abortOnError: false,
    logger: new NestLogger(edge.logger),
  });
  app.disable('x-powered-by');
  app.use(edge.accessLog.middleware, consoleFiles(), requestGuard(edge.host));
  // Not strict: clients of Kafka Connect send `""` where there is no body to send; what a route needs, its schema says.
  app.useBodyParser('json', { limit: bodyBytesMax, type: isParsed, strict: false });
  app.useBodyParser('text', { limit: bodyBytesMax });
  app.useGlobalPipes(
    new StandardSchemaValidationPipe({
      exceptionFactory: (issues) =>
        new FieldProblems(
          issues.map(({ path, message }) => `${namesOf(path).join('.') || 'body'}: ${message}`).join('; '),
          issues.map(({ path, message }) => ({ pointer: pointerOf(namesOf(path)), code: 'schema', message })),
          400,
        ),
    }),
  );
  app.useGlobalGuards(new AccessGuard(parts.access, parts.audit));
  app.useGlobalFilters(new ErrorFilter(edge.logger, (path) => methodsOf(app, path)));
  parts.openApi.describe(app);
  await app.init();
  // A stream of records has no end in sight; `requestGuard` gives all other bodies their time.
  app.getHttpServer().requestTimeout = 0;
  return app;
}

interface RouteLayer {
  readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): boolean;
}

/** The methods that some route has for a path, from Express' own table. */
function methodsOf(app: NestExpressApplication, path: string): string[] {
  const instance: unknown = app.getHttpAdapter().getInstance();
  const express = instance as { router: { stack: readonly RouteLayer[] } };
  const matching = express.router.stack.filter((layer) => layer.route !== undefined && layer.match(path));
  return [...new Set(matching.flatMap((layer) => Object.keys(layer.route?.methods ?? {})))].map((method) =>
    method.toUpperCase(),
  );
}

/** A place in a body as the schemas' issues have it. */
function namesOf(path: readonly (PropertyKey | { readonly key: PropertyKey })[] = []): string[] {
  return path.map((step) => String(typeof step === 'object' ? step.key : step));
}
