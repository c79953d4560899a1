import type { z } from 'zod';
import { FieldProblems, pointerOf } from '#nest/field-problems';

/** A body that was put together here, checked as one that was sent. Throws 422 with the places. */
export function parsedBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => ({
    pointer: pointerOf(path.map(String)),
    code: 'schema',
    message,
  }));
  throw new FieldProblems(problems.map(({ pointer, message }) => `${pointer}: ${message}`).join('; '), problems);
}
