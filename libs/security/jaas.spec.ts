import { parseJaas } from './jaas.js';
import { PlainMechanism } from './plain.js';

describe('a JAAS configuration', () => {
  test('gives its options, quoted or bare, over several lines', () => {
    const text = 'org.x.PlainLoginModule required\n  username=admin user_a="p;=\\"\\\\ w"\n user_b = "" ;';
    expect(parseJaas(text)).toEqual({
      module: 'org.x.PlainLoginModule',
      flag: 'required',
      options: { username: 'admin', user_a: 'p;="\\ w', user_b: '' },
    });
  });

  test.each([
    ['', /module required/],
    ['org.x.Module required user_a="marker"', /semicolon/],
    ['org.x.Module must user_a="marker";', /`required`/],
    ['org.x.Module required user_a "marker";', /option 1/],
    ['org.x.Module required user_a="marker;', /quotation mark/],
  ])('that cannot be read says what is wrong, not what is in it: %s', (text, says) => {
    expect(() => parseJaas(text)).toThrow(says);
    expect(() => parseJaas(text)).not.toThrow(/marker/);
  });
});

describe('PLAIN', () => {
  const exchange = () => new PlainMechanism(new Map([['alice', 'secret']])).begin();

  test.each(['\0alice\0secret', 'alice\0alice\0secret'])('lets in who has the password', (token) => {
    expect(exchange().respond(Buffer.from(token))).toMatchObject({ kind: 'done', name: 'alice' });
  });

  test.each([
    ['\0alice\0wrong', 'Authentication failed: Invalid username or password'],
    ['\0mallory\0secret', 'Authentication failed: Invalid username or password'],
    ['\0mallory\0nobody has this password', 'Authentication failed: Invalid username or password'],
    ['root\0alice\0secret', /authorization id that is different/],
    ['\0\0secret', /username not specified/],
    ['\0alice\0', /password not specified/],
    ['alice', /expected 3 tokens, got 1/],
    ['\0alice\0secret\0', /expected 3 tokens, got 4/],
  ])('refuses %j', (token, says) => {
    expect(() => exchange().respond(Buffer.from(token))).toThrow(says);
  });
});
