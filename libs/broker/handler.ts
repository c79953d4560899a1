import { decodeRequest, encodeResponse, type RequestHeader } from '#wire/kafka/frame';
import type { Api, Decoded, Fields, Input } from '#wire/kafka/schema';
import type { AclOperation, AclResourceType } from '#security/acl';
import type { Principal } from '#security/sasl';
import type { Broker } from './broker.js';
import { startOfRequest, throttled, waitForTime } from './quotas/throttle.js';
import type { SaslSession } from './security/sasl-session.js';

/** What a handler knows besides the request. */
export interface HandlerContext {
  readonly broker: Broker;
  readonly connection: ConnectionInfo;
  readonly clientId: string | null;
  /** Who the connection logged in as; `anonymous` on a listener without login. */
  readonly principal: Principal;
  /** Whether the principal may do `operation` on the resource, by the ACLs (everything, without an authorizer). Cheap: call it first. */
  may(operation: AclOperation, type: AclResourceType, name: string): boolean;
  /** Whether there is any resource of the type on which it may (Kafka's authorizeByResourceType). */
  mayAny(operation: AclOperation, type: AclResourceType): boolean;
  /** The connection's login; null on a listener without one. */
  readonly sasl: SaslSession | null;
  /** Takes no further request from the connection for so many ms. */
  mute(forMs: number): void;
  /** Aborted when the connection is gone or the service stops; a parked request then answers with what it has. */
  readonly signal: AbortSignal;
}

/** Who everybody is on a listener that asks nobody. */
export const anonymous: Principal = { type: 'User', name: 'ANONYMOUS' };

export interface ConnectionInfo {
  readonly id: number;
  /** The name of the listener that it came in on. */
  readonly listener: string;
  /** The address that the client connected to. */
  readonly listenerHost: string;
  readonly listenerPort: number;
  readonly clientHost: string;
}

export type MaybePromise<T> = T | Promise<T>;

/** One Kafka API as the server calls it, the types of its messages closed in. */
export interface Handler {
  readonly api: Api;
  /**
   * Decodes the body at `header.bodyAt`, handles it and gives the encoded answer, or null where none is due. Throws a
   * WireError for bytes that do not decode. The part up to the handler's first wait is done before this returns.
   */
  respond(context: HandlerContext, header: RequestHeader, frame: Buffer): MaybePromise<Buffer[] | null>;
}

export interface TypedHandler<Request extends Fields, Response extends Fields> extends Handler {
  /** Null where no answer is due. An error that is thrown closes the connection; expected ones are in the answer. */
  handle(context: HandlerContext, version: number, request: Decoded<Request>): MaybePromise<Input<Response> | null>;
}

/** A handler of `api`: what the listing in `handlers/index.ts` holds. */
export function defineHandler<Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  handle: TypedHandler<Request, Response>['handle'],
): TypedHandler<Request, Response> {
  return {
    api,
    handle,
    respond(context, header, frame) {
      const { apiVersion, correlationId, bodyAt } = header;
      const request = decodeRequest(api, apiVersion, frame, bodyAt);
      const startedMs = startOfRequest(context);
      const response = handle(context, apiVersion, request);
      const waitMs = waitForTime(context, startedMs);
      const encode = (body: Input<Response> | null): Buffer[] | null =>
        body === null ? null : encodeResponse(api, apiVersion, correlationId, throttled(context, body, waitMs));
      return response instanceof Promise ? response.then(encode) : encode(response);
    },
  };
}
