import { basicAuthorization, type HttpClient } from '#net/http-client';
import type { Clock } from '#std/clock';
import { fixedAuthorization, TokenAuthorization, type Authorization } from './authorization.js';
import type { HttpValues } from './options.js';

/** What `http.authorization.type` says; what it needs is there, by the options' check. */
export function authorizationOf(values: HttpValues, client: HttpClient, clock: Clock): Authorization {
  switch (values['http.authorization.type']) {
    case 'none':
      return fixedAuthorization({});
    case 'static':
      return fixedAuthorization({ Authorization: values['http.headers.authorization'] ?? '' });
    case 'basic': {
      const user = values['connection.username'] ?? '';
      return fixedAuthorization({ Authorization: basicAuthorization(user, values['connection.password'] ?? '') });
    }
    case 'apikey':
      return fixedAuthorization({ [values['api.key.name']]: values['api.key.value'] ?? '' });
    case 'oauth2':
      return new TokenAuthorization(client, clock, {
        tokenUrl: new URL(values['oauth2.access.token.url'] ?? ''),
        clientId: values['oauth2.client.id'] ?? '',
        clientSecret: values['oauth2.client.secret'] ?? '',
        mode: values['oauth2.client.authorization.mode'],
        scope: values['oauth2.client.scope'],
        tokenProperty: values['oauth2.response.token.property'],
      });
  }
}
