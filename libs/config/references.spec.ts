import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveReferences } from '#config/references';

const folder = mkdtempSync(join(tmpdir(), 'millrace-references-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('an environment variable takes the place of its reference, also inside other text', () => {
  expect(resolveReferences({ url: 'postgres://me:${env:PASSWORD}@db/x', plain: 'a' }, { PASSWORD: 's3' })).toEqual({
    url: 'postgres://me:s3@db/x',
    plain: 'a',
  });
});

test('a file gives its content, or the value of a key in it', () => {
  const path = join(folder, 'secrets');
  writeFileSync(path, 'user=me\npassword=a=b\n');
  expect(resolveReferences({ one: `\${file:${path}:password}`, all: `\${file:${path}}` }, {})).toEqual({
    one: 'a=b',
    all: 'user=me\npassword=a=b',
  });
});

test('a reference to nothing is an error that names the key and the reference', () => {
  expect(() => resolveReferences({ 'connection.url': '${env:NOWHERE}' }, {})).toThrow(
    'connection.url: ${env:NOWHERE} names nothing that is set here',
  );
});
