import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler } from '../handler.js';

/**
 * SaslHandshake, versions 0 and 1 (KIP-43): picks the mechanism of the login. After version 0 tokens follow without headers, after 1 in
 * SaslAuthenticate. On a listener without a login, and after one, the state is wrong for it, which is told and nothing more.
 */
export const saslHandshake = defineHandler(
  apis.saslHandshake,
  (context, version, request) =>
    context.sasl?.handshake(version, request.mechanism) ?? { errorCode: kafkaError.ILLEGAL_SASL_STATE, mechanisms: [] },
);
