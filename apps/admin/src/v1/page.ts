/** Lists in pages: `?page_size=&page_token=` in, `{kind, metadata: {self, next, total}, data}` and a `Link` header out. */
import type { Request, Response } from 'express';
import { z } from 'zod';

/** The query of every list; extend it with filters of the list's own. */
export const pageQuery = z.object({
  page_size: z.coerce.number().int().min(1).max(1000).default(100),
  page_token: z.string().max(4096).optional(),
});
export type PageQuery = z.output<typeof pageQuery>;

export interface Page<T> {
  readonly kind: string;
  readonly metadata: { readonly self: string; readonly next: string | null; readonly total?: number };
  readonly data: readonly T[];
}

/** What a list of `item` answers, for `Answers`. */
export function pageSchema(kind: string, item: z.ZodType): z.ZodType {
  const metadata = z.object({ self: z.string(), next: z.string().nullable(), total: z.int().optional() });
  return z.object({ kind: z.literal(kind), metadata, data: z.array(item) }).meta({ id: kind });
}

/**
 * The page of a list that is in memory and sorted by `keyOf`. The token is the last key that was given, so that a page holds although
 * items come and go before it.
 */
export function pageOf<T>(
  items: readonly T[],
  given: { kind: string; query: PageQuery; keyOf: (item: T) => string; request: Request; response: Response },
): Page<T> {
  const { query, keyOf } = given;
  const after = query.page_token === undefined ? null : keyOfToken(query.page_token);
  const rest = after === null ? items : items.filter((item) => keyOf(item) > after);
  const data = rest.slice(0, query.page_size);
  const last = data.at(-1);
  const token = last !== undefined && rest.length > data.length ? tokenOfKey(keyOf(last)) : null;
  return pageWith(data, {
    kind: given.kind,
    token,
    total: items.length,
    request: given.request,
    response: given.response,
  });
}

/** A page that a store has made already; `token` continues it. */
export function pageWith<T>(
  data: readonly T[],
  given: { kind: string; token: string | null; total?: number; request: Request; response: Response },
): Page<T> {
  const { request, response, token } = given;
  const self = new URL(request.originalUrl, `${request.protocol}://${request.headers.host ?? 'localhost'}`);
  const next = token === null ? null : new URL(self);
  next?.searchParams.set('page_token', token ?? '');
  if (next !== null) response.setHeader('Link', `<${next.href}>; rel="next"`);
  const total = given.total === undefined ? {} : { total: given.total };
  return { kind: given.kind, metadata: { self: self.href, next: next?.href ?? null, ...total }, data };
}

export function tokenOfKey(key: string): string {
  return Buffer.from(key, 'utf8').toString('base64url');
}

export function keyOfToken(token: string): string {
  return Buffer.from(token, 'base64url').toString('utf8');
}
