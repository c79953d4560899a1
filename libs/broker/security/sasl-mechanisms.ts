import { resolveReferences } from '#config/references';
import { parseJaas } from '#security/jaas';
import { KeySet } from '#security/key-set';
import { OauthBearerMechanism } from '#security/oauth-bearer';
import { PlainMechanism } from '#security/plain';
import type { SaslMechanism } from '#security/sasl';
import { ScramMechanism } from '#security/scram';
import type { Clock } from '#std/clock';
import { MillraceError } from '#std/errors';
import type { Logger } from '#std/log';
import { listenerErrors, type ListenerConfig } from './listener-config.js';
import type { ListenerValues } from './listener-options.js';
import type { ScramStore } from './scram-store.js';

export interface MechanismDependencies {
  readonly scram: ScramStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where `${env:NAME}` in a JAAS configuration is looked up. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The ways to log in on a listener, by name. Throws where settings of one are missing or cannot be read. */
export function mechanismsOf(
  listener: ListenerConfig,
  dependencies: MechanismDependencies,
): Map<string, SaslMechanism> {
  const mechanisms = new Map<string, SaslMechanism>();
  for (const [name, values] of listener.mechanisms) {
    mechanisms.set(name, mechanismOf(name, { listener: listener.name, values }, dependencies));
  }
  return mechanisms;
}

function mechanismOf(
  name: string,
  { listener, values }: { listener: string; values: ListenerValues },
  { scram, clock, logger, environment }: MechanismDependencies,
): SaslMechanism {
  switch (name) {
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-512':
      return new ScramMechanism(name, scram);
    case 'OAUTHBEARER':
      return new OauthBearerMechanism({
        keys: keySetOf(listener, values, clock),
        expectations: {
          issuer: values['sasl.oauthbearer.expected.issuer'],
          audiences: values['sasl.oauthbearer.expected.audience'],
          subjectClaim: values['sasl.oauthbearer.sub.claim.name'],
          clockSkewMs: values['sasl.oauthbearer.clock.skew.seconds'] * 1000,
        },
        clock,
        onRefused: (reason) => logger.warn('A token was refused.', { listener, reason }),
      });
    default:
      return new PlainMechanism(plainUsers(listener, values['sasl.jaas.config'], environment));
  }
}

function keySetOf(listener: string, values: ListenerValues, clock: Clock): KeySet | null {
  const url = values['sasl.oauthbearer.jwks.endpoint.url'];
  if (url !== null) return new KeySet({ url, refreshMs: values['sasl.oauthbearer.jwks.endpoint.refresh.ms'], clock });
  if (values['sasl.oauthbearer.unsecured']) return null;
  throw new MillraceError(
    listenerErrors.invalid,
    `Listener ${listener} takes OAUTHBEARER, but has no keys to check tokens with: set sasl.oauthbearer.jwks.endpoint.url.`,
  );
}

/** The `user_NAME` options of PlainLoginModule. References stand for single passwords, or for the whole text. */
function plainUsers(
  listener: string,
  text: string | null,
  environment: MechanismDependencies['environment'],
): Map<string, string> {
  if (text === null) {
    throw new MillraceError(
      listenerErrors.invalid,
      `Listener ${listener} takes PLAIN, but has no users: set listener.name.${listener.toLowerCase()}.plain.sasl.jaas.config.`,
    );
  }
  const setting = `listener.name.${listener.toLowerCase()}.plain.sasl.jaas.config`;
  const whole = text.startsWith('${') ? (resolveReferences({ [setting]: text }, environment)[setting] ?? '') : text;
  const options = resolveReferences(parseJaas(whole).options, environment);
  const users = Object.entries(options).filter(([name]) => name.startsWith('user_'));
  return new Map(users.map(([name, password]) => [name.slice('user_'.length), password]));
}
