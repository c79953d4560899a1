import { defineOptions } from '#config/options';
import { hideSecrets, restoreSecrets } from './secrets.js';

const options = defineOptions({
  key: { type: 'password', doc: 'Secret.', aliases: ['old.key'] },
  'token.count': { type: 'int', doc: 'No secret, whatever it is called.' },
});
const conf = `# database
a1.sinks.k1.type = jdbc
a1.sinks.k1.password = sesame
a1.sinks.k1.url = jdbc://user:open@host/db
a1.sinks.k1.trustStorePassword = \${env:TRUST}
`;

describe('secrets', () => {
  it.each([
    ['key', 'sesame', '***'],
    ['old.key', 'sesame', '***'],
    ['key', '${env:KEY}', '${env:KEY}'],
    ['token.count', '3', '3'],
    ['undeclared.password', 'sesame', '***'],
    ['url', 'postgres://user:sesame@host:5432/db', 'postgres://user:***@host:5432/db'],
    ['url', 'postgres://host:5432/db', 'postgres://host:5432/db'],
    ['url', 'postgres://user:se@s:ame@host/db', 'postgres://user:***@host/db'],
    [
      'url',
      'jdbc:postgresql://h/db?user=me&password=sesame&ssl=true',
      'jdbc:postgresql://h/db?user=me&password=***&ssl=true',
    ],
    ['url', 'jdbc:sqlserver://h;user=me;Password=sesame', 'jdbc:sqlserver://h;user=me;Password=***'],
    ['url', 'https://h/x?api_key=${env:KEY}', 'https://h/x?api_key=${env:KEY}'],
    ['topics', 'a,b', 'a,b'],
  ])('%s=%s is shown as %s', (name, value, shown) => {
    expect(hideSecrets(options, { [name]: value })).toEqual({ [name]: shown });
  });

  it('inside a flume.conf are hidden line by line, and come back with the lines that were not changed', () => {
    const shown = hideSecrets(options, { 'flume.conf': conf })['flume.conf'] ?? '';
    expect(shown).not.toMatch(/sesame|open/);
    expect(shown).toContain('${env:TRUST}');
    expect(restoreSecrets(options, { 'flume.conf': shown }, { 'flume.conf': conf })['flume.conf']).toBe(conf);
    const edited = shown.replace('type = jdbc', 'type = logger');
    const restored = restoreSecrets(options, { 'flume.conf': edited }, { 'flume.conf': conf })['flume.conf'];
    expect(restored).toBe(conf.replace('type = jdbc', 'type = logger'));
  });

  it('stay when their mask is sent, change when a value is sent, and a mask alone is refused', () => {
    expect(restoreSecrets(options, { key: '***' }, { key: 'kept' })).toEqual({ key: 'kept' });
    expect(restoreSecrets(options, { key: 'new' }, { key: 'kept' })).toEqual({ key: 'new' });
    expect(() => restoreSecrets(options, { key: '***' }, {})).toThrow(/none is kept/);
  });

  it('never go to another place: a masked URL that was changed is refused', () => {
    const url = 'postgres://user:sesame@here/db';
    expect(() => restoreSecrets(options, { url: 'postgres://user:***@there/db' }, { url })).toThrow(/none is kept/);
    const jdbc = 'jdbc:postgresql://here/db?password=sesame';
    expect(restoreSecrets(options, { url: 'jdbc:postgresql://here/db?password=***' }, { url: jdbc })).toEqual({
      url: jdbc,
    });
    expect(() => restoreSecrets(options, { url: 'jdbc:postgresql://there/db?password=***' }, { url: jdbc })).toThrow(
      /none is kept/,
    );
    const moved = conf.replace('user:open@host', 'user:***@there');
    expect(() => restoreSecrets(options, { 'flume.conf': moved }, { 'flume.conf': conf })).toThrow(/none is kept/);
    const fresh = `${conf}a1.sinks.k2.password = ***\n`;
    expect(() => restoreSecrets(options, { 'flume.conf': fresh }, { 'flume.conf': conf })).toThrow(/none is kept/);
  });
});
