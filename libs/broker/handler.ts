import { decodeRequest, encodeResponse, type RequestHeader } from '#wire/kafka/frame';
import type { Api, Decoded, Fields, Input } from '#wire/kafka/schema';
import type { Broker } from './broker.js';

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
  /** Aborted when the connection is gone or the service stops; a parked request then answers with what it has. */
  readonly signal: AbortSignal;
}

export interface Principal {
  /** `User` for everybody that Kafka knows today. */
  readonly type: string;
  readonly name: string;
}

export const anonymous: Principal = { type: 'User', name: 'ANONYMOUS' };

/** Kafka's operations and resource types, in lower case with underscores. The cluster's name is `kafka-cluster`. */
export type AclOperation =
  | 'read'
  | 'write'
  | 'create'
  | 'delete'
  | 'alter'
  | 'describe'
  | 'cluster_action'
  | 'describe_configs'
  | 'alter_configs'
  | 'idempotent_write';
export type AclResourceType = 'topic' | 'group' | 'cluster' | 'transactional_id';

export interface ConnectionInfo {
  readonly id: number;
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
      const response = handle(context, apiVersion, request);
      if (response instanceof Promise) {
        return response.then((body) => (body === null ? null : encodeResponse(api, apiVersion, correlationId, body)));
      }
      return response === null ? null : encodeResponse(api, apiVersion, correlationId, response);
    },
  };
}
