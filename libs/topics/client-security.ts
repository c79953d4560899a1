/** How this process reaches listeners with TLS and login, under Kafka's client property names. */
import { createSecureContext, type SecureContext } from 'node:tls';
import { defineOptions, requireOptions, type OptionValues } from '#config/options';
import { resolveReferences } from '#config/references';
import { readKeyStore, readTrustStore } from '#net/key-store';
import { parseJaas } from '#security/jaas';
import { saslClientMechanisms, type SaslLogin } from '#security/sasl-client';
import { messageOf } from '#std/errors';
import { TopicsError, topicsErrors } from '#topics/errors';

const storeTypes = ['PEM', 'PKCS12', 'JKS'] as const;

/** Kafka's client properties that are used; `docs/guides/security.md` shows a file of them. */
export const clientSecurityOptions = defineOptions({
  'security.protocol': {
    type: 'string',
    values: ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'],
    default: 'PLAINTEXT',
    doc: 'What the listener speaks.',
  },
  'sasl.mechanism': {
    type: 'string',
    values: saslClientMechanisms,
    doc: 'How to log in: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512. Needed where the protocol begins with SASL.',
  },
  'sasl.jaas.config': {
    type: 'password',
    doc:
      'Who logs in: `org.apache.kafka.common.security.scram.ScramLoginModule required username="…" password="${env:NAME}";`. ' +
      'The values, or all of it, may be references.',
  },
  'ssl.truststore.location': {
    type: 'string',
    doc: 'File of the certificates that those of the cluster must lead to. Default: the authorities that Node knows.',
  },
  'ssl.truststore.type': { type: 'string', values: storeTypes, doc: 'Default: what the file looks like.' },
  'ssl.truststore.password': { type: 'password', doc: 'Of a PKCS12 file.' },
  'ssl.truststore.certificates': { type: 'string', doc: 'The certificates in PEM, instead of a file.' },
  'ssl.keystore.location': {
    type: 'string',
    doc: 'File of the client’s own certificate and key, where the listener asks for one.',
  },
  'ssl.keystore.type': { type: 'string', values: storeTypes, doc: 'Default: what the file looks like.' },
  'ssl.keystore.password': { type: 'password', doc: 'Of a PKCS12 file, or of an encrypted key in PEM.' },
  'ssl.keystore.certificate.chain': { type: 'string', doc: 'The certificate chain in PEM, instead of a file.' },
  'ssl.keystore.key': { type: 'password', doc: 'The key in PEM, instead of a file.' },
  'ssl.key.password': { type: 'password', doc: 'Of an encrypted key in PEM.' },
  'ssl.endpoint.identification.algorithm': {
    type: 'string',
    default: 'https',
    check: (value: string) => (value === '' || value.toLowerCase() === 'https' ? null : 'must be https, or empty'),
    doc: '`https`: the certificate must name the host. Empty: any name will do.',
  },
});

type Values = OptionValues<typeof clientSecurityOptions>;
type Config = Readonly<Record<string, string>>;

export interface ClientSecurity {
  /** Null: no TLS. */
  readonly tls: ClientTls | null;
  /** Null: no login. */
  readonly login: SaslLogin | null;
}

export interface ClientTls {
  readonly context: SecureContext;
  /** Whether the certificate must name the host. */
  readonly checkHost: boolean;
}

/** As a client without any settings. */
export const noSecurity: ClientSecurity = { tls: null, login: null };

const securitySetting = /^(?:security\.|sasl\.|ssl\.)/;

/**
 * Reads Kafka's client properties and the files that they name. Settings that are not about security are somebody else's; one that is, and
 * is not known here, is refused. `what` begins error sentences: the name of the file. Throws `config.option.invalid`,
 * `config.reference.unresolved`, `net.tls.key_store` or `topics.client.security_invalid`.
 */
export function readClientSecurity(
  what: string,
  properties: Config,
  environment: Readonly<Record<string, string | undefined>>,
): ClientSecurity {
  const own = Object.fromEntries(Object.entries(properties).filter(([name]) => securitySetting.test(name)));
  const unknown = Object.keys(own).find((name) => !(name in clientSecurityOptions));
  if (unknown !== undefined) {
    const known = Object.keys(clientSecurityOptions).join(', ');
    throw invalid(what, `${unknown} is not supported. Remove it; these are used: ${known}`);
  }
  const { 'sasl.jaas.config': jaas, ...plain } = own;
  const values = requireOptions(what, clientSecurityOptions, {
    ...resolveReferences(plain, environment),
    'sasl.jaas.config': jaas,
  });
  const protocol = values['security.protocol'];
  return {
    tls: protocol === 'SSL' || protocol === 'SASL_SSL' ? tlsOf(what, values) : null,
    login: protocol.startsWith('SASL') ? loginOf(what, values, environment) : null,
  };
}

function loginOf(what: string, values: Values, environment: Readonly<Record<string, string | undefined>>): SaslLogin {
  const { 'sasl.mechanism': mechanism, 'sasl.jaas.config': text, 'security.protocol': protocol } = values;
  if (mechanism === null) {
    throw invalid(what, `security.protocol=${protocol} needs sasl.mechanism: ${saslClientMechanisms.join(', ')}`);
  }
  const example = `${loginModule(mechanism)} required username="…" password="…";`;
  if (text === null) throw invalid(what, `sasl.mechanism=${mechanism} needs sasl.jaas.config: ${example}`);
  const isReference = /^\$\{(?:env|file):[^}]+\}$/.test(text);
  const entry = parseJaas(isReference ? resolved(text, environment) : text);
  if (entry.module !== loginModule(mechanism)) {
    throw invalid(what, `the module of sasl.jaas.config does not log in by ${mechanism}: ${example}`);
  }
  const { username, password } = entry.options;
  if (username === undefined || password === undefined) {
    throw invalid(what, `username and password must both be in sasl.jaas.config: ${example}`);
  }
  // What came out of a reference is taken as it is.
  if (isReference) return { mechanism, user: username, password };
  return { mechanism, user: resolved(username, environment), password: resolved(password, environment) };
}

function resolved(text: string, environment: Readonly<Record<string, string | undefined>>): string {
  const name = 'sasl.jaas.config';
  return resolveReferences({ [name]: text }, environment)[name] ?? '';
}

function loginModule(mechanism: SaslLogin['mechanism']): string {
  const kind = mechanism === 'PLAIN' ? 'plain.Plain' : 'scram.Scram';
  return `org.apache.kafka.common.security.${kind}LoginModule`;
}

function tlsOf(what: string, values: Values): ClientTls {
  const hasKey =
    values['ssl.keystore.location'] !== null ||
    values['ssl.keystore.certificate.chain'] !== null ||
    values['ssl.keystore.key'] !== null;
  const key = hasKey
    ? readKeyStore({
        type: values['ssl.keystore.type'],
        location: values['ssl.keystore.location'],
        password: values['ssl.keystore.password'],
        certificateChain: values['ssl.keystore.certificate.chain'],
        key: values['ssl.keystore.key'],
        keyPassword: values['ssl.key.password'],
      })
    : {};
  const ca = readTrustStore({
    type: values['ssl.truststore.type'],
    location: values['ssl.truststore.location'],
    password: values['ssl.truststore.password'],
    certificates: values['ssl.truststore.certificates'],
  });
  try {
    const context = createSecureContext({ ...key, ...(ca === null ? {} : { ca }), minVersion: 'TLSv1.2' });
    return { context, checkHost: values['ssl.endpoint.identification.algorithm'] !== '' };
  } catch (error) {
    throw invalid(what, `ssl.keystore: the key, the certificate or a password cannot be used (${messageOf(error)})`);
  }
}

function invalid(what: string, reason: string): TopicsError {
  return new TopicsError(topicsErrors.securitySettings, `${what}: ${reason}.`);
}
