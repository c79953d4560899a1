import { STATUS_CODES } from 'node:http';
import { SetMetadata, type CustomDecorator } from '@nestjs/common';
import { z } from 'zod';

/** `application/problem+json` as `error-answer.ts` writes it; named in every document, see `OpenApi`. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string(),
  code: z.string().describe('Stable; for programs.'),
  retryable: z.boolean(),
  errors: z
    .array(z.object({ pointer: z.string().describe('JSON pointer.'), code: z.string(), message: z.string() }))
    .optional()
    .describe('What is wrong where, in a body.'),
});

/** What any route may answer besides: a bad request, no login, no right, too many requests, a part that is away. */
const everywhere = [400, 401, 403, 429, 503];

/**
 * What a route of ours answers, for OpenAPI: for each good status the schema of its body (null: none; a text: the media type of one
 * without schema), and the statuses of its problems besides those that every route has. Set under the key that @nestjs/swagger reads, as
 * `Summary` is.
 */
export function Answers(
  good: Readonly<Record<number, z.ZodType | string | null>>,
  ...problems: number[]
): CustomDecorator {
  const answers = Object.entries(good).map(([status, body]) => [
    status,
    { description: titleOf(status), ...contentOf(body) },
  ]);
  const refusals = [...everywhere, ...problems].map((status) => [
    status,
    {
      description: titleOf(status),
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  ]);
  return SetMetadata('swagger/apiResponse', Object.fromEntries([...refusals, ...answers]));
}

function contentOf(body: z.ZodType | string | null): object {
  if (body === null) return {};
  return typeof body === 'string' ? { content: { [body]: { schema: { type: 'string' } } } } : { standardSchema: body };
}

function titleOf(status: string | number): string {
  return STATUS_CODES[status] ?? `HTTP ${status}`;
}
