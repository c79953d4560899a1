/** What the routes cannot say one by one of an OpenAPI document: the refusals that all of a kind share, and parameters of their path. */
import { STATUS_CODES } from 'node:http';
import { isCompatiblePath } from '#nest/error-answer';

/** As far as this file looks into a document. */
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, object>>;
  readonly components?: object;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema?: unknown;
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: unknown;
  readonly responses?: Readonly<Record<string, unknown>>;
}

const methods = new Set(['get', 'put', 'post', 'delete', 'patch', 'head', 'options']);

/** Kafka Connect's and the REST proxy's form of an error. */
const restError = {
  type: 'object',
  required: ['error_code', 'message'],
  properties: {
    error_code: { type: 'integer', description: 'The HTTP status, or a longer code that begins with it.' },
    message: { type: 'string' },
  },
};

/** The same document, complete. */
export function completed<T extends OpenApiDocument>(document: T): T {
  const paths = Object.fromEntries(
    Object.entries(document.paths).map(([path, item]) => [
      path,
      Object.fromEntries(
        Object.entries(item).map(([method, operation]) => [
          method,
          methods.has(method) && isOperation(operation)
            ? { ...complete(path, operation), operationId: idOf(method, path) }
            : operation,
        ]),
      ),
    ]),
  );
  const { schemas } = (document.components ?? {}) as { schemas?: object };
  return { ...document, paths, components: { ...document.components, schemas: { ...schemas, RestError: restError } } };
}

/** Unique, which names of controllers and methods are not: `post_api_v1_sinks_name_restart`. */
function idOf(method: string, path: string): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return [method, ...words].join('_');
}

function isOperation(value: unknown): value is Operation {
  return typeof value === 'object' && value !== null;
}

function complete(path: string, operation: Operation): Operation {
  const isCompatible = isCompatiblePath(path);
  const given = (operation.parameters ?? []).map((parameter) =>
    // A query that was declared as plain text may be left out, whatever its type says of it.
    isCompatible && parameter.in === 'query' ? { ...parameter, required: false } : parameter,
  );
  const named = new Set(given.filter((parameter) => parameter.in === 'path').map(({ name }) => name));
  const missing = Array.from(path.matchAll(/\{([^}]+)\}/g), ([, name = '']) => name).filter((name) => !named.has(name));
  const parameters = [
    ...given,
    ...missing.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
  ];
  const refusals = Object.fromEntries(
    refusalsOf(isCompatible, parameters, operation).map((status) => [String(status), refusal(isCompatible, status)]),
  );
  return { ...operation, parameters, responses: { ...refusals, ...operation.responses } };
}

function refusalsOf(isCompatible: boolean, parameters: readonly Parameter[], operation: Operation): number[] {
  const always = isCompatible ? [400, 401, 403, 406, 409, 422, 429, 431, 503] : [400, 401, 403, 429, 431, 503];
  const ofPath = parameters.some((parameter) => parameter.in === 'path') ? [404] : [];
  const ofBody = operation.requestBody === undefined ? [] : [413, 415];
  return [...always, ...ofPath, ...ofBody];
}

function refusal(isCompatible: boolean, status: number): object {
  // The HTTP server itself says that, without a body.
  if (status === 431) return { description: 'Request Header Fields Too Large' };
  const [type, schema] = isCompatible ? ['application/json', 'RestError'] : ['application/problem+json', 'Problem'];
  return {
    description: STATUS_CODES[status] ?? `HTTP ${status}`,
    content: { [type]: { schema: { $ref: `#/components/schemas/${schema}` } } },
  };
}
