import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { subjectOf } from './distinguished-name.js';
import { PrincipalRules } from './principal-rules.js';

const name = 'CN=Duke,OU=ServiceUsers,O=Org,C=US';

describe('rules of principals', () => {
  test.each<[string, string, string | null]>([
    ['DEFAULT', name, name],
    ['', name, name],
    ['RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/', name, 'Duke'],
    ['RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/L', name, 'duke'],
    ['RULE:^CN=(.*?),.*$/$1@svc/U', name, 'DUKE@SVC'],
    ['RULE:^CN=other.*$/no/,RULE:^.*OU=(.*?),.*$/$1/,DEFAULT', name, 'ServiceUsers'],
    ['RULE:^CN=other.*$/no/,DEFAULT', name, name],
    ['RULE:^CN=other.*$/no/', name, null],
    ['RULE:CN=Duke/no/', name, null],
    ['RULE:^CN=(.*?),.*$/a\\/$1/', name, 'a/Duke'],
  ])('%s makes %s into %s', (rules, from, to) => {
    expect(new PrincipalRules(rules).nameOf(from)).toBe(to);
  });

  test.each(['RULE:', 'RULE:a/b', 'RULE:a/b/X', 'OTHER', 'RULE:(/b/', 'DEFAULT RULE:a/b/'])('refuse %s', (rules) => {
    expect(() => new PrincipalRules(rules)).toThrow('ssl.principal.mapping.rules cannot be read');
  });
});

describe('the subject of a certificate', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'subject-'))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  // What Java's X500Principal.getName() gives for them.
  test.each([
    ['/C=US/O=Org/OU=ServiceUsers/CN=Duke', 'CN=Duke,OU=ServiceUsers,O=Org,C=US'],
    ['/O=a, b;c/CN=x="y"', 'CN=x\\=\\"y\\",O=a\\, b\\;c'],
    ['/CN=Jürgen/emailAddress=a@b', '1.2.840.113549.1.9.1=#1603614062,CN=Jürgen'],
    ['/DC=org/UID=u1', 'UID=u1,DC=org'],
  ])('%s reads %s', (subject, expected) => {
    const path = join(folder, 'one.pem');
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', join(folder, 'key')];
    execFileSync('openssl', ['req', '-x509', ...key, '-utf8', '-subj', subject, '-out', path], { stdio: 'pipe' });
    expect(subjectOf(new X509Certificate(readFileSync(path)).raw)).toBe(expected);
  });

  test('of something else is an error', () => {
    expect(() => subjectOf(Buffer.from('no certificate'))).toThrow(RangeError);
  });
});
