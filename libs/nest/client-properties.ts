import { readSettingsFile } from '#nest/settings-file';
import { noSecurity, readClientSecurity, type ClientSecurity } from '#topics/client-security';

export const clientPropertiesVariable = 'TOPICS_CLIENT_PROPERTIES';

/** How to reach topics, out of a file of Kafka's client properties; null: without TLS and login. Throws what reading it throws. */
export function securityOfFile(path: string | null): ClientSecurity {
  if (path === null) return noSecurity;
  return readClientSecurity(path, readSettingsFile(clientPropertiesVariable, path), process.env);
}
