import { beginLogin, type SaslLogin } from '#security/sasl-client';
import { MillraceError } from '#std/errors';
import { apis } from '#wire/kafka/apis';
import { kafkaError, kafkaErrorName } from '#wire/kafka/error-codes';
import type { Api, Decoded, Fields, Input } from '#wire/kafka/schema';
import { TopicsError, topicsErrors } from '#topics/errors';

/** One request of a login, and its answer. */
export type AskLogin = <Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  body: Input<Request>,
) => Promise<Decoded<Response>>;

/**
 * Logs in on a connection, for the first time or again (KIP-152, KIP-368). Gives how long the login is good for, ms; 0 where it does not end.
 * Rejects with `topics.login.failed`, which is not retriable: Kafka's clients give up then too.
 */
export async function logIn(address: string, login: SaslLogin, ask: AskLogin): Promise<number> {
  const failed = (reason: string, advice: string, kafkaCode: number): TopicsError =>
    new TopicsError(
      topicsErrors.loginFailed,
      `The login at ${address} by ${login.mechanism} as ${login.user} failed: ${reason.replace(/\.$/, '')}. ${advice}.`,
      { kafkaCode },
    );
  const handshake = await ask(apis.saslHandshake, { mechanism: login.mechanism });
  if (handshake.errorCode !== kafkaError.NONE) {
    const offered = handshake.mechanisms.join(', ');
    throw handshake.errorCode === kafkaError.UNSUPPORTED_SASL_MECHANISM
      ? failed(`the listener offers ${offered || 'nothing'}`, 'Set sasl.mechanism to one of these', handshake.errorCode)
      : failed(
          kafkaErrorName(handshake.errorCode),
          'Check security.protocol: the listener may take no login',
          handshake.errorCode,
        );
  }
  const client = beginLogin(login);
  let token: Buffer | null = client.first();
  let lifetimeMs = 0;
  while (token !== null) {
    const answer: Decoded<typeof apis.saslAuthenticate.response.fields> = await ask(apis.saslAuthenticate, {
      authBytes: token,
    });
    if (answer.errorCode !== kafkaError.NONE) {
      throw failed(
        answer.errorMessage || kafkaErrorName(answer.errorCode),
        'Check username and password in sasl.jaas.config, and that the user has a password for this mechanism',
        answer.errorCode,
      );
    }
    lifetimeMs = answer.sessionLifetimeMs;
    try {
      token = await client.respond(answer.authBytes);
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      throw failed(error.message, 'Check the address, and that it is a Kafka listener', kafkaError.NONE);
    }
  }
  return lifetimeMs;
}
