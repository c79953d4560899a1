import type { HandlerContext } from '../handler.js';
import type { QuotaClient } from './quotas.js';

export function quotaClientOf({ principal, clientId }: HandlerContext): QuotaClient {
  return { user: principal.name, client: clientId ?? '' };
}

/** When the handling of a request began, where its time is limited; null where nobody's is. */
export function startOfRequest({ broker }: HandlerContext): number | null {
  return broker.quotas.limits('request_percentage') ? broker.clock.monotonic() : null;
}

/** How many ms the client has to wait for the time that its request took. */
export function waitForTime(context: HandlerContext, startedMs: number | null): number {
  if (startedMs === null) return 0;
  const { quotas, clock } = context.broker;
  return quotas.requestTime(quotaClientOf(context), clock.monotonic() - startedMs);
}

/** Tells the client in its answer how long it has to wait, and takes nothing more from its connection for so long. */
export function throttled<Body extends object>(context: HandlerContext, body: Body, waitMs: number): Body {
  const own = 'throttleTimeMs' in body && typeof body.throttleTimeMs === 'number' ? body.throttleTimeMs : 0;
  if (own === 0 && waitMs === 0) return body;
  const throttleTimeMs = Math.max(own, waitMs);
  context.mute(throttleTimeMs);
  return { ...body, throttleTimeMs };
}
