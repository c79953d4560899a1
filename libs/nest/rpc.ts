/**
 * Calls between processes of the product over the TCP transport of `@nestjs/microservices`: a name, JSON in, JSON out. Both ends show a
 * certificate of the same authority (mutual TLS); without certificates only loopback is served. Answers only calls that were given to it. The
 * package (70 ms) is loaded by the first server or call.
 */
import { readFileSync } from 'node:fs';
import { messageOf, MillraceError, type ErrorKind } from '#std/errors';
import type { Logger } from '#std/log';
import { NestLogger } from './nest-logger.js';
import { isLoopback } from './request-guard.js';

export const rpcErrors = {
  unprotected: { code: 'nest.rpc.unprotected', retriable: false },
  unanswered: { code: 'nest.rpc.unanswered', retriable: true, http: 503 },
  unreachable: { code: 'nest.rpc.unreachable', retriable: false, http: 409 },
  refused: { code: 'nest.rpc.refused', retriable: false, http: 502 },
} satisfies Record<string, ErrorKind>;

/** Files in PEM. */
export interface RpcCertificate {
  readonly certificatePath: string;
  readonly keyPath: string;
  /** Of the authority that the other side's certificate has to be of. */
  readonly authorityPath: string;
  /** What the certificate of who is called has to be for. Default: the host of its address. */
  readonly serverName?: string;
}

export type RpcCalls = Readonly<Record<string, (body: unknown) => Promise<unknown>>>;

export interface RpcServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Null: without TLS, on loopback only. */
  readonly certificate: RpcCertificate | null;
  readonly calls: RpcCalls;
  readonly logger: Logger;
}

type Answer = { readonly ok: unknown } | { readonly error: string };

const messageBytesMax = 1024 * 1024;
const incompleteMsMax = 10_000;

export class RpcServer {
  private server: { close(): void } | null = null;

  constructor(private readonly options: RpcServerOptions) {}

  /** The port that it has. Throws `nest.rpc.unprotected` off loopback without certificates; rejects where the address is taken. */
  async start(): Promise<number> {
    const { host, port, certificate, calls, logger } = this.options;
    if (certificate === null && !isLoopback(host)) {
      throw new MillraceError(
        rpcErrors.unprotected,
        `Calls from other processes would be open to everybody who reaches ${host}. Give certificates (MILLRACE_RPC_CERT, ` +
          'MILLRACE_RPC_KEY, MILLRACE_RPC_CA), or listen on 127.0.0.1.',
      );
    }
    const [{ ServerTCP }, { Logger: NestLog }] = await Promise.all([
      import('@nestjs/microservices'),
      import('@nestjs/common'),
    ]);
    NestLog.overrideLogger(new NestLogger(logger));
    const server = new ServerTCP({
      host,
      port,
      maxBufferSize: messageBytesMax,
      incompleteMessageTimeout: incompleteMsMax,
      ...(certificate === null
        ? {}
        : { tlsOptions: { ...read(certificate), requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' } }),
    });
    for (const [name, call] of Object.entries(calls)) {
      // What fails comes back as an answer: a rejection would leave the caller waiting.
      server.addHandler(name, async (body: unknown): Promise<Answer> => {
        try {
          return { ok: await call(body) };
        } catch (error) {
          return { error: messageOf(error) };
        }
      });
    }
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.listen((error?: unknown) => (error === undefined ? resolve() : reject(asError(error))));
    });
    const address: unknown = server.unwrap<{ address(): unknown }>().address();
    return address !== null && typeof address === 'object' && 'port' in address ? Number(address.port) : port;
  }

  stop(): void {
    this.server?.close();
    this.server = null;
  }
}

export interface RpcCallOptions {
  /** `host:port` */
  readonly address: string;
  readonly certificate: RpcCertificate | null;
  readonly timeoutMs: number;
}

/**
 * One call on a connection of its own: an administration calls workers now and then. Throws `nest.rpc.unanswered` where nobody answers in
 * time, `nest.rpc.refused` with what the other side says.
 */
export async function callRpc(name: string, body: unknown, options: RpcCallOptions): Promise<unknown> {
  const { address, certificate, timeoutMs } = options;
  const [{ ClientTCP }, { firstValueFrom, timeout }] = await Promise.all([
    import('@nestjs/microservices'),
    import('rxjs'),
  ]);
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at).replace(/^\[|\]$/g, '');
  const client = new ClientTCP({
    host,
    port: Number(address.slice(at + 1)),
    maxBufferSize: messageBytesMax,
    ...(certificate === null
      ? {}
      : { tlsOptions: { ...read(certificate), ...nameOf(certificate), minVersion: 'TLSv1.2' } }),
  });
  let answer: Answer;
  try {
    answer = await firstValueFrom(client.send<Answer>(name, body ?? {}).pipe(timeout(timeoutMs)));
  } catch (error) {
    throw new MillraceError(rpcErrors.unanswered, `${address} did not answer ${name}: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    client.close();
  }
  if ('ok' in answer) return answer.ok;
  throw new MillraceError(rpcErrors.refused, `${address} refused ${name}: ${answer.error}`);
}

function read({ certificatePath, keyPath, authorityPath }: RpcCertificate): { cert: Buffer; key: Buffer; ca: Buffer } {
  return { cert: readFileSync(certificatePath), key: readFileSync(keyPath), ca: readFileSync(authorityPath) };
}

function nameOf({ serverName }: RpcCertificate): { servername?: string } {
  return serverName === undefined ? {} : { servername: serverName };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(messageOf(error));
}
