import { defineOptions, type OptionValues } from '#config/options';

/**
 * Settings of a listener, under Kafka's names. Each may be set for all listeners, or for one as `listener.name.<name in lower case>.<setting>`;
 * those of SASL also for one mechanism of it, `listener.name.<name>.<mechanism>.<setting>`.
 */
export const listenerOptions = defineOptions({
  insecure: {
    type: 'boolean',
    default: false,
    doc: 'Allows listening on an address that other machines can reach although the listener lacks TLS, or asks nobody who he is. Not a setting of Kafka.',
    group: 'Network',
  },
  'sasl.enabled.mechanisms': {
    type: 'list',
    default: [],
    doc: 'Ways to log in on SASL listeners: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER. Kafka’s default GSSAPI (Kerberos) is not served.',
    group: 'Login',
    check: (value: readonly string[]) => {
      const unknown = value.find((name) => !(saslMechanisms as readonly string[]).includes(name));
      return unknown === undefined ? null : `${unknown} is none of ${saslMechanisms.join(', ')}`;
    },
  },
  'sasl.jaas.config': {
    type: 'password',
    doc: 'Users of PLAIN, set as `listener.name.<name>.plain.sasl.jaas.config`: `org.apache.kafka.common.security.plain.PlainLoginModule required user_alice="…" user_bob="${env:BOB}";`. A password may be a reference: `${env:NAME}`, `${file:path}`.',
    group: 'Login',
  },
  'sasl.server.callback.handler.class': {
    type: 'string',
    doc: 'Taken so that a file of Kafka’s can be used: its own classes, whose work the settings here do. Others are refused, as no Java runs here.',
    group: 'Login',
    check: (value: string) =>
      value.startsWith('org.apache.kafka.common.security.')
        ? null
        : 'only classes of Kafka itself are known: the settings sasl.oauthbearer.*, sasl.jaas.config and SCRAM do their work',
  },
  'connections.max.reauth.ms': {
    type: 'long',
    default: 0,
    min: 0,
    unit: 'ms',
    doc: 'A login is good for this long; clients log in again on the same connection before (KIP-368). 0: for ever, or as long as the token.',
    group: 'Login',
  },
  'connection.failed.authentication.delay.ms': {
    type: 'int',
    default: 100,
    min: 0,
    unit: 'ms',
    doc: 'A failed login is answered this much later, and then the connection is closed.',
    group: 'Login',
  },
  'connection.login.timeout.ms': {
    type: 'int',
    default: 10_000,
    min: 100,
    unit: 'ms',
    doc: 'A connection that has not finished its TLS handshake, or after it its login, in this time is closed. Not a setting of Kafka.',
    group: 'Login',
  },
  'sasl.server.max.receive.size': {
    type: 'int',
    default: 131_072,
    min: 1024,
    unit: 'bytes',
    doc: 'Largest request before the login. Kafka allows 524288.',
    group: 'Login',
  },
  'sasl.oauthbearer.jwks.endpoint.url': {
    type: 'string',
    doc: 'Public keys that sign tokens, a JWKS document: `https://…`, `http://…` or `file:///…`.',
    group: 'Login',
    check: (value: string) =>
      /^(https?|file):\/\//.test(value) ? null : 'must begin with https://, http:// or file://',
  },
  'sasl.oauthbearer.jwks.endpoint.refresh.ms': {
    type: 'long',
    default: 3_600_000,
    min: 1000,
    unit: 'ms',
    doc: 'The keys are read again when they are older than this; also, at most every 10 s, when a token names a key that is not among them.',
    group: 'Login',
  },
  'sasl.oauthbearer.expected.audience': {
    type: 'list',
    doc: 'One of these must be among the audiences of a token.',
    group: 'Login',
  },
  'sasl.oauthbearer.expected.issuer': {
    type: 'string',
    doc: 'The issuer that a token must have.',
    group: 'Login',
  },
  'sasl.oauthbearer.sub.claim.name': {
    type: 'string',
    default: 'sub',
    doc: 'The claim of a token that names the user.',
    group: 'Login',
  },
  'sasl.oauthbearer.clock.skew.seconds': {
    type: 'int',
    default: 30,
    min: 0,
    unit: 's',
    doc: 'How far clocks may be apart where times of a token are checked.',
    group: 'Login',
  },
  'sasl.oauthbearer.unsecured': {
    type: 'boolean',
    default: false,
    doc: 'Takes tokens that nobody signed, for trials: anybody can then be anybody. Not a setting of Kafka, which does so when no key endpoint is set.',
    group: 'Login',
  },
  'ssl.keystore.type': {
    type: 'string',
    values: ['PEM', 'PKCS12', 'JKS'],
    doc: 'How the listener’s certificate and key are kept. Default: what the file looks like. JKS is not read; the error says how to convert it.',
    group: 'TLS',
  },
  'ssl.keystore.location': {
    type: 'string',
    doc: 'File of the certificate chain and its key: PEM with both in it, or PKCS12.',
    group: 'TLS',
  },
  'ssl.keystore.password': { type: 'password', doc: 'Password of a PKCS12 key store.', group: 'TLS' },
  'ssl.keystore.certificate.chain': {
    type: 'string',
    doc: 'The certificate chain itself, in PEM, instead of a file.',
    group: 'TLS',
  },
  'ssl.keystore.key': { type: 'password', doc: 'The private key itself, in PEM, instead of a file.', group: 'TLS' },
  'ssl.key.password': { type: 'password', doc: 'Password of an encrypted private key in PEM.', group: 'TLS' },
  'ssl.truststore.type': {
    type: 'string',
    values: ['PEM', 'PKCS12', 'JKS'],
    doc: 'How the certificates are kept that client certificates must lead to. Default: what the file looks like.',
    group: 'TLS',
  },
  'ssl.truststore.location': {
    type: 'string',
    doc: 'File of the certificates that client certificates must lead to.',
    group: 'TLS',
  },
  'ssl.truststore.password': { type: 'password', doc: 'Password of a PKCS12 trust store.', group: 'TLS' },
  'ssl.truststore.certificates': {
    type: 'string',
    doc: 'Those certificates themselves, in PEM, instead of a file.',
    group: 'TLS',
  },
  'ssl.client.auth': {
    type: 'string',
    values: ['none', 'requested', 'required'],
    default: 'none',
    doc: 'Whether clients show a certificate. On an SSL listener it says who they are; `requested` lets those without one in as User:ANONYMOUS.',
    group: 'TLS',
  },
  'ssl.enabled.protocols': {
    type: 'list',
    default: ['TLSv1.2', 'TLSv1.3'],
    doc: 'Versions of TLS, TLSv1.2 and TLSv1.3.',
    group: 'TLS',
    check: (value: readonly string[]) =>
      value.length > 0 && value.every((name) => name === 'TLSv1.2' || name === 'TLSv1.3')
        ? null
        : 'must be TLSv1.2, TLSv1.3 or both',
  },
  'ssl.cipher.suites': {
    type: 'list',
    default: [],
    doc: 'Cipher suites, by Java’s or OpenSSL’s names. Default: those of Node.',
    group: 'TLS',
  },
  'ssl.principal.mapping.rules': {
    type: 'string',
    default: 'DEFAULT',
    doc: 'How the name in a client’s certificate becomes a user: `RULE:^CN=(.*?),.*$/$1/L,DEFAULT` (KIP-371).',
    group: 'TLS',
  },
  'ssl.reload.interval.ms': {
    type: 'int',
    default: 10_000,
    min: 100,
    unit: 'ms',
    doc: 'How often files of certificates are looked at; changed ones serve new connections without a restart. Not a setting of Kafka.',
    group: 'TLS',
  },
});

export type ListenerValues = OptionValues<typeof listenerOptions>;

export const saslMechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'] as const;
export type SaslMechanismName = (typeof saslMechanisms)[number];

const authorizers = [
  'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'kafka.security.authorizer.AclAuthorizer',
];

/** Settings of who may do what, for all listeners. */
export const accessOptions = defineOptions({
  listeners: {
    type: 'list',
    default: ['PLAINTEXT://127.0.0.1:9092'],
    doc: 'Where clients connect: `NAME://host:port`, several parted by commas. A name is a protocol (PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL), or any word that `listener.security.protocol.map` gives one. Without it HOST and PORT are the only listener, PLAINTEXT.',
    group: 'Network',
  },
  'advertised.listeners': {
    type: 'list',
    default: [],
    doc: 'Addresses that clients are told to connect to, `NAME://host:port` for each listener; `host:port` alone is for the first. A client is told the one of the listener that it came in on. Without it each client is told the address that it connected to, which is wrong only behind a port mapping or a proxy.',
    group: 'Network',
    check: (value: readonly string[]) =>
      value.every((entry) => parseAddress(entry) !== null) ? null : 'must be host:port or NAME://host:port',
  },
  'listener.security.protocol.map': {
    type: 'list',
    default: [],
    doc: 'Protocols of listeners with names of their own: `INTERNAL:PLAINTEXT,OUTSIDE:SASL_SSL`.',
    group: 'Network',
  },
  'controller.listener.names': {
    type: 'list',
    default: [],
    doc: 'Listeners of Kafka’s controllers. There are no controllers here; those named are left out, so that a `server.properties` of Kafka’s can be taken.',
    group: 'Network',
  },
  'listener.name': {
    type: 'map',
    prefix: 'listener.name.',
    doc: 'Settings of one listener: `listener.name.<name in lower case>.<setting>`; see the groups TLS and Login for what may be set.',
    group: 'Network',
  },
  'authorizer.class.name': {
    type: 'string',
    default: '',
    doc: `Turns access rules on: \`${authorizers[0]}\`, or the name of its predecessor. Then everything is denied that no rule allows. Without it everybody who is let in may do everything.`,
    group: 'Access',
    check: (value: string) =>
      value === '' || authorizers.includes(value) ? null : `must be ${authorizers.join(' or ')}`,
  },
  'super.users': {
    type: 'string',
    default: '',
    doc: 'Users that may do everything, parted by semicolons: `User:admin;User:CN=ops,O=example`.',
    group: 'Access',
    check: (value: string) =>
      principalTexts(value).every((text) => /^[^:]+:.+$/.test(text)) ? null : 'each must read User:name',
  },
  'allow.everyone.if.no.acl.found': {
    type: 'boolean',
    default: false,
    doc: 'Whether everybody may use a resource that no rule is about.',
    group: 'Access',
  },
  'scram.bootstrap.users': {
    type: 'password',
    doc: 'Users that are made at the start where they are missing, in the words of `kafka-storage format --add-scram`: `SCRAM-SHA-512=[name=admin,password=${file:/run/secrets/admin}]`. So the first administrator can log in. Not a setting of Kafka.',
    group: 'Access',
  },
});

/** The texts of `super.users`; names of certificates hold commas, so semicolons part them. */
export function principalTexts(value: string): string[] {
  return value
    .split(';')
    .map((text) => text.trim())
    .filter((text) => text !== '');
}

export interface NamedAddress {
  /** In upper case; null where only host and port are given. */
  readonly name: string | null;
  /** Empty is every address of the machine. */
  readonly host: string;
  readonly port: number;
}

/** `NAME://host:port` or `host:port`; null where it is neither. An IPv6 address is in brackets. */
export function parseAddress(text: string): NamedAddress | null {
  const match = /^(?:([A-Za-z0-9_.-]+):\/\/)?(\[[0-9A-Fa-f:.]+\]|[^\s:/]*):(\d{1,5})$/.exec(text.trim());
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) return null;
  return { name: match[1]?.toUpperCase() ?? null, host: (match[2] ?? '').replace(/^\[|\]$/g, ''), port };
}
