import { FatalSinkError, RetriableSinkError } from '#pipeline/errors';
import { MillraceError, messageOf } from '#std/errors';

/** What an error of the server (by the first word of its answer) or of the connection means for the sink. `refused` = this record. */
export type RedisErrorClass = 'retriable' | 'refused' | 'fatal' | 'unknown';

const classOfWord: Readonly<Record<string, RedisErrorClass>> = {
  LOADING: 'retriable', // reads its data after a start
  BUSY: 'retriable', // a script runs
  BUSYKEY: 'refused',
  MASTERDOWN: 'retriable',
  READONLY: 'retriable', // a replica, until it is promoted or the primary found again
  OOM: 'retriable', // maxmemory
  MISCONF: 'retriable', // can not write its files
  NOREPLICAS: 'retriable',
  MOVED: 'retriable',
  ASK: 'retriable',
  TRYAGAIN: 'retriable',
  CLUSTERDOWN: 'retriable',
  UNBLOCKED: 'retriable',
  NOAUTH: 'fatal',
  WRONGPASS: 'fatal',
  NOPERM: 'fatal',
  CROSSSLOT: 'fatal',
  NOPROTO: 'fatal',
  WRONGTYPE: 'refused', // the key holds something else
};

const errFatal =
  /unknown command|invalid password|invalid DB|DB index|AUTH|not allowed in cluster|SELECT is not allowed|cluster support disabled|-CROSSSLOT/i;
const errRetriable = /max number of clients|connection (lost|closed)/i;
const lost =
  /^Connection is closed|timed out|Stream isn't writeable|max retries per request|Failed to refresh slots cache|ClusterAllFailed|None of startup nodes|All sentinels are unreachable|socket/i;
const tlsWords = /CERT|certificate|altname|UNABLE_TO_VERIFY|SELF_SIGNED|ERR_TLS|ERR_SSL|wrong version number/;

export function classOfRedisError(error: unknown): RedisErrorClass {
  if (typeof error !== 'object' || error === null || !('message' in error)) return 'unknown';
  const message = String(error.message);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if ('name' in error && error.name === 'ReplyError') return classOfReply(message);
  if (tlsWords.test(`${code} ${message}`)) return 'fatal';
  if (/^E[A-Z]+/.test(code) || lost.test(message)) return 'retriable';
  const last = 'lastNodeError' in error ? error.lastNodeError : null;
  return last instanceof Error ? classOfRedisError(last) : 'unknown';
}

/** Of an answer like `WRONGTYPE Operation against …`, also as a script of ours has caught it. */
export function classOfReply(answer: string): RedisErrorClass {
  const text = answer.replace(/^-/, '');
  const word = /^[A-Z]+/.exec(text)?.[0] ?? '';
  const known = classOfWord[word];
  if (known !== undefined) return known;
  if (word !== 'ERR') return 'unknown';
  if (errFatal.test(text)) return 'fatal';
  return errRetriable.test(text) ? 'retriable' : 'refused';
}

/** The error for the runner, of anything but a record. */
export function redisErrorOf(what: string, error: unknown): Error {
  if (error instanceof MillraceError) return error;
  const message = `${what}: ${redisMessage(error)}`;
  switch (classOfRedisError(error)) {
    case 'fatal':
      return new FatalSinkError(message, { cause: error });
    case 'retriable':
      return new RetriableSinkError(message, { cause: error });
    case 'refused':
    case 'unknown':
      return new Error(message, { cause: error });
  }
}

export function redisMessage(error: unknown): string {
  const last: unknown =
    typeof error === 'object' && error !== null && 'lastNodeError' in error ? error.lastNodeError : undefined;
  return last instanceof Error ? `${messageOf(error)}: ${last.message}` : messageOf(error);
}
