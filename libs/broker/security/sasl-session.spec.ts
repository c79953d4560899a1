import { PlainMechanism } from '#security/plain';
import type { SaslMechanism } from '#security/sasl';
import { systemClock, type Clock } from '#std/clock';
import { silentLogger } from '#std/log';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { SaslSession } from './sasl-session.js';

const users = new Map([['alice', 'secret']]);
const good = Buffer.from('\0alice\0secret');

describe('SaslSession', () => {
  let nowMs = 0;
  const clock: Clock = { ...systemClock, now: () => nowMs, monotonic: () => nowMs, sleep: () => Promise.resolve() };

  function open(reauthMs: number, mechanism: SaslMechanism = new PlainMechanism(users)): SaslSession {
    nowMs = 1_000_000;
    return new SaslSession({
      mechanisms: new Map([[mechanism.name, mechanism]]),
      reauthMsOf: () => reauthMs,
      failureDelayMs: 0,
      clock,
      logger: silentLogger,
      onLogin: () => undefined,
    });
  }

  async function login(session: SaslSession) {
    const { errorCode } = await session.handshake(1, 'PLAIN');
    return errorCode === kafkaError.NONE ? session.authenticate(good) : { errorCode, sessionLifetimeMs: null };
  }

  /** A mechanism whose credential ends. */
  const ending = (expiresAtMs: number): SaslMechanism => ({
    name: 'PLAIN',
    begin: () => ({ respond: () => ({ kind: 'done', bytes: Buffer.alloc(0), name: 'alice', expiresAtMs }) }),
  });

  test('takes a login again before the first one ends, but not within a second', async () => {
    const session = open(5_000);
    expect(await login(session)).toMatchObject({ errorCode: 0, sessionLifetimeMs: 5_000 });
    nowMs += 999;
    expect(await login(session)).toMatchObject({ errorCode: kafkaError.ILLEGAL_SASL_STATE });
    expect(session.hasFailed).toBe(false);
    nowMs += 4_000;
    session.admit(apis.metadata.key);
    expect(await login(session)).toMatchObject({ errorCode: 0, sessionLifetimeMs: 5_000 });
    nowMs += 4_999;
    session.admit(apis.metadata.key);
    nowMs += 1;
    expect(() => session.admit(apis.metadata.key)).toThrow('The login has ended');
    session.admit(apis.saslHandshake.key);
    expect(await login(session)).toMatchObject({ errorCode: 0 });
    session.admit(apis.metadata.key);
  });

  test('knows no second login where the first one does not end', async () => {
    const session = open(0);
    expect(await login(session)).toMatchObject({ errorCode: 0, sessionLifetimeMs: 0 });
    nowMs += 10_000_000;
    expect(await login(session)).toMatchObject({ errorCode: kafkaError.ILLEGAL_SASL_STATE });
    session.admit(apis.metadata.key);
  });

  test.each([
    ['the credential', 0, 1_003_000, 3_000],
    ['the credential before the setting', 9_000, 1_003_000, 3_000],
    ['the setting before the credential', 2_000, 1_003_000, 2_000],
    ['a credential that has ended', 0, 999_000, 0],
  ])('ends with %s', async (_what, reauthMs, expiresAtMs, lifetimeMs) => {
    const session = open(reauthMs, ending(expiresAtMs));
    expect(await login(session)).toMatchObject({ errorCode: 0, sessionLifetimeMs: lifetimeMs });
    nowMs += lifetimeMs;
    expect(() => session.admit(apis.fetch.key)).toThrow('The login has ended');
  });

  test('says no more than that it failed where a login could not be checked', async () => {
    const broken: SaslMechanism = {
      name: 'PLAIN',
      begin: () => ({ respond: () => Promise.reject(new Error('marker of the inside')) }),
    };
    const session = open(0, broken);
    expect(await login(session)).toMatchObject({
      errorCode: kafkaError.SASL_AUTHENTICATION_FAILED,
      errorMessage: 'Authentication failed during authentication with SASL mechanism PLAIN',
    });
    expect(session.hasFailed).toBe(true);
  });
});
