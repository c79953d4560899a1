import { MillraceError } from '#std/errors';
import { TopicsError } from '#topics/errors';

/** What the process ends with. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  denied: 4,
  conflict: 5,
  timedOut: 6,
  partly: 7,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Ends the command with this code and sentence. */
export class CommandError extends Error {
  constructor(
    readonly exitCode: ExitCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommandError) return error.exitCode;
  if (error instanceof TopicsError && error.kafkaCode !== 0) return kafkaExitCodes.get(error.kafkaCode) ?? 1;
  if (error instanceof MillraceError && error.kind.http !== undefined) return exitCodeOfStatus(error.kind.http);
  return exitCodes.failed;
}

export function exitCodeOfStatus(status: number): ExitCode {
  if (status === 404) return exitCodes.notFound;
  if (status === 401 || status === 403) return exitCodes.denied;
  if (status === 409 || status === 412) return exitCodes.conflict;
  return status === 408 || status === 504 ? exitCodes.timedOut : exitCodes.failed;
}

/** By Kafka's error codes. */
const kafkaExitCodes: ReadonlyMap<number, ExitCode> = new Map([
  // UNKNOWN_TOPIC_OR_PARTITION, GROUP_ID_NOT_FOUND
  ...[3, 69].map((code) => [code, exitCodes.notFound] as const),
  // TOPIC, GROUP, CLUSTER_AUTHORIZATION_FAILED, SASL_AUTHENTICATION_FAILED
  ...[29, 30, 31, 58].map((code) => [code, exitCodes.denied] as const),
  // UNKNOWN_MEMBER_ID, TOPIC_ALREADY_EXISTS, NON_EMPTY_GROUP, GROUP_SUBSCRIBED_TO_TOPIC
  ...[25, 36, 68, 86].map((code) => [code, exitCodes.conflict] as const),
  [7, exitCodes.timedOut],
]);
