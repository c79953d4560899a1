import { beginLogin, saslClientMechanisms, type SaslClientMechanism } from './sasl-client.js';
import { PlainMechanism } from './plain.js';
import type { SaslExchange, SaslStep } from './sasl.js';
import { isScramName, scramCredential, scramDecoy, ScramMechanism } from './scram.js';

const user = 'an=n,e';
const password = 'pä=s';

function serverOf(mechanism: SaslClientMechanism, known = password): SaslExchange {
  if (!isScramName(mechanism)) return new PlainMechanism(new Map([[user, known]])).begin();
  const credential = scramCredential(mechanism, known);
  const decoy = scramDecoy(mechanism, 'x', Buffer.alloc(32), 4096);
  const verifiers = { find: (_: string, name: string) => (name === user ? credential : null), decoy: () => decoy };
  return new ScramMechanism(mechanism, verifiers).begin();
}

test.each(saslClientMechanisms)('%s logs in where both know the password', async (mechanism) => {
  const server = serverOf(mechanism);
  const client = beginLogin({ mechanism, user, password });
  let token: Buffer | null = client.first();
  let step: SaslStep | null = null;
  while (token !== null) {
    step = await server.respond(token);
    token = await client.respond(step.bytes);
  }
  expect(step).toMatchObject({ kind: 'done', name: user });
});

test('a server that does not know the password is found out', async () => {
  const client = beginLogin({ mechanism: 'SCRAM-SHA-256', user, password });
  const server = serverOf('SCRAM-SHA-256', 'another');
  const { bytes } = await server.respond(client.first());
  await client.respond(bytes);
  await expect(client.respond(Buffer.from('v=AAAA'))).rejects.toMatchObject({ code: 'security.login.failed' });
});

test.each([
  ['a nonce that is not the client’s', () => 'r=other,s=AAAA,i=4096', /not one of SCRAM/],
  ['a nonce without a part of its own', (nonce: string) => `r=${nonce},s=AAAA,i=4096`, /not one of SCRAM/],
  ['too few rounds', (nonce: string) => `r=${nonce}x,s=AAAA,i=1`, /asks for 1 rounds/],
  ['rounds that only cost time', (nonce: string) => `r=${nonce}x,s=AAAA,i=999999999`, /asks for 999999999 rounds/],
  ['something else', () => 'e=other-error', /not one of SCRAM/],
])('a first message of the server with %s is refused', async (_what, words, message) => {
  const client = beginLogin({ mechanism: 'SCRAM-SHA-512', user, password });
  const nonce = /r=(.*)$/.exec(client.first().toString())?.[1] ?? '';
  await expect(client.respond(Buffer.from(words(nonce)))).rejects.toThrow(message);
});
