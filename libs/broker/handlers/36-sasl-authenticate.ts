import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler } from '../handler.js';

/**
 * SaslAuthenticate, versions 0 to 2 (KIP-152): one token of the login. From version 1 the answer to the last one says how long
 * the login is good (KIP-368); the client then logs in again on the same connection.
 */
export const saslAuthenticate = defineHandler(
  apis.saslAuthenticate,
  (context, _version, request) => context.sasl?.authenticate(request.authBytes) ?? withoutLogin,
);

const withoutLogin = {
  errorCode: kafkaError.ILLEGAL_SASL_STATE,
  errorMessage: 'SaslAuthenticate request received on a listener without a login',
};
