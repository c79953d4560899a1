import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { silentLogger } from '#std/log';
import { commandTypes } from '../command-registry.js';
import type { RecordValue } from '../java-value.js';
import { refusedCommands } from '../refused-commands.js';
import { compileCommands, RecordCollector, tryCommands } from '../morphline.testkit.js';

type Fields = Readonly<Record<string, RecordValue | readonly RecordValue[]>>;
type Shown = Readonly<Record<string, readonly string[]>>;

const folder = mkdtempSync(join(tmpdir(), 'morphline-commands-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// What Kite gives for the commands of its core is held to in test/flume/morphlines.flume.ts; these are the short version, without Java.
describe('Commands', () => {
  it.each<[string, Fields, readonly Shown[] | null]>([
    [
      '{ readLine { charset : UTF-8, commentPrefix : "#" } }',
      { _attachment_body: 'a\n#b\n\nc' },
      [{ message: ['a'] }, { message: ['c'] }],
    ],
    ['{ readClob { charset : ISO-8859-1 } }', { _attachment_body: Buffer.from('e9', 'hex') }, [{ message: ['é'] }]],
    ['{ readBlob { outputField : b } }', { _attachment_body: 'x' }, [{ _attachment_body: ['x'], b: ['x'] }]],
    [
      '{ readMultiLine { regex : "\\\\s.*", charset : UTF-8 } }',
      { _attachment_body: 'a\n b\nc' },
      [{ message: ['a\n b'] }, { message: ['c'] }],
    ],
    [
      '{ readCSV { columns : [a, "", c], quoteChar : "\\"", charset : UTF-8 } }',
      { _attachment_body: '1,2,"3\n4",5' },
      [{ a: ['1'], c: ['3\n4'], column3: ['5'] }],
    ],
    [
      '{ readJson {} }, { extractJsonPaths { paths : { a : "/x[]/y", z : /z } } }, { removeFields { blacklist : ["glob:_*"] } }',
      { _attachment_body: '{"x":[{"y":1},{"y":2.0}],"z":12345678901234567890}' },
      [{ a: ['1', '2.0'], z: ['12345678901234567890'] }],
    ],
    [
      '{ grok { expressions : { m : """(?<n>\\d+)""" }, findSubstrings : true } }',
      { m: 'a1b22' },
      [{ m: ['a1b22'], n: ['1', '22'] }],
    ],
    [
      '{ grok { dictionaryFiles : [grok-dictionaries/grok-patterns], expressions : { m : "%{INT:n}" } } }',
      { m: 'x' },
      null,
    ],
    [
      '{ split { inputField : m, outputField : o, separator : ",", limit : 2 } }',
      { m: 'a,,b,c' },
      [{ m: ['a,,b,c'], o: ['a', 'b,c'] }],
    ],
    [
      '{ splitKeyValue { inputField : m, outputFieldPrefix : p_ } }',
      { m: ['a=1', 'b'] },
      [{ m: ['a=1', 'b'], p_a: ['1'] }],
    ],
    ['{ addValues { a : "@{m}-@{n}" } }', { m: ['1', '2'], n: 'x' }, [{ a: ['1-x', '2-x'], m: ['1', '2'], n: ['x'] }]],
    ['{ setValues { m : "@{m}!", n : [] } }', { m: ['1', '2'], n: 'x' }, [{ m: ['1!', '2!'] }]],
    ['{ addValuesIfAbsent { m : [a, b] } }', { m: 'a' }, [{ m: ['a', 'b'] }]],
    [
      '{ removeFields { blacklist : ["regex:a.*"], whitelist : ["literal:ab"] } }',
      { aa: '1', ab: '2', b: '3' },
      [{ ab: ['2'], b: ['3'] }],
    ],
    [
      '{ removeValues { nameBlacklist : ["literal:a"], valueBlacklist : ["glob:x*"] } }',
      { a: ['x1', 'y'] },
      [{ a: ['y'] }],
    ],
    ['{ replaceValues { valueBlacklist : ["glob:x*"], replacement : z } }', { a: ['x1', 'y'] }, [{ a: ['z', 'y'] }]],
    ['{ contains { a : [x, y] } }', { a: ['1', 'y'] }, [{ a: ['1', 'y'] }]],
    ['{ contains { a : [x, y] } }', { a: '1' }, null],
    ['{ equals { a : [x, y] } }', { a: ['y', 'x'] }, null],
    ['{ not { contains { a : x } } }', { a: 'y' }, [{ a: ['y'] }]],
    [
      '{ if { conditions : [ { contains { a : x } } ], then : [ { addValues { b : t } } ], else : [ { addValues { b : e } } ] } }',
      { a: 'x' },
      [{ a: ['x'], b: ['t'] }],
    ],
    [
      '{ tryRules { catchExceptions : true, rules : [ { commands : [ { readLine {} } ] }, { commands : [ { addValues { b : 2 } } ] } ] } }',
      { _attachment_body: 'x' },
      [{ _attachment_body: ['x'], b: ['2'] }],
    ],
    [
      '{ pipe { id : p, commands : [ { if { conditions : [ { contains { n : [b] } } ], else : [ { addValues { n : b } }, { callParentPipe {} } ] } } ] } }',
      {},
      [{ n: ['b'] }],
    ],
    ['{ dropRecord {} }', { a: '1' }, []],
    [
      '{ convertTimestamp { field : t, inputFormats : [yyyy-MM-dd], outputFormat : unixTimeInSeconds } }',
      { t: '2011-09-06' },
      [{ t: ['1315267200'] }],
    ],
    ['{ convertTimestamp { field : t, inputFormats : [yyyy-MM-dd] } }', { t: 'x' }, null],
    [
      '{ translate { field : a, dictionary : { 1 : one }, fallback : other } }',
      { a: ['1', '2'] },
      [{ a: ['one', 'other'] }],
    ],
    ['{ translate { field : a, dictionary : { 1 : one } } }', { a: '2' }, null],
    [
      '{ findReplace { field : a, pattern : """(\\d)(?<x>b)""", isRegex : true, replacement : "${x}$1" } }',
      { a: '1b2b' },
      [{ a: ['b1b2'] }],
    ],
    [
      '{ toByteArray { field : a, charset : UTF-16BE } }, { toString { field : a, trim : true } }',
      { a: 'x' },
      [{ a: ['x'] }],
    ],
    ['{ decodeBase64 { field : a } }', { a: 'aGk=' }, [{ a: ['hi'] }]],
    [
      '{ hashDigest { inputField : a, outputField : h, hashType : MD5 } }',
      { a: '' },
      [{ a: [''], h: ['d41d8cd98f00b204e9800998ecf8427e'] }],
    ],
    [
      '{ extractURIComponent { inputField : u, outputField : o, component : path } }',
      { u: 'http://h:1/a%20b?q' },
      [{ o: ['/a b'], u: ['http://h:1/a%20b?q'] }],
    ],
    [
      '{ extractURIQueryParameters { inputField : u, outputField : o, parameter : q } }',
      { u: '/x?q=1&r=2&q=a+b' },
      [{ o: ['1', 'a b'], u: ['/x?q=1&r=2&q=a+b'] }],
    ],
    [
      '{ separateAttachments {} }',
      { _attachment_body: ['a', 'b'], _attachment_name: 'n' },
      [{ _attachment_body: ['a'], _attachment_name: ['n'] }, { _attachment_body: ['b'] }],
    ],
    [
      '{ detectMimeType {} }',
      { _attachment_body: '%PDF-1.4' },
      [{ _attachment_body: ['%PDF-1.4'], _attachment_mimetype: ['application/pdf'] }],
    ],
    [
      '{ detectMimeType {} }',
      { _attachment_body: 'text', _attachment_name: 'x.CSV' },
      [{ _attachment_body: ['text'], _attachment_mimetype: ['text/csv'], _attachment_name: ['x.CSV'] }],
    ],
    [
      '{ detectMimeType { mimeTypesString : """<mime-type type="a/b"><magic><match value="te" offset="0"/></magic></mime-type>""" } }',
      { _attachment_body: 'text' },
      [{ _attachment_body: ['text'], _attachment_mimetype: ['a/b'] }],
    ],
    ['{ startReportingMetricsToCSV { outputDir : x, frequency : "10 seconds" } }', { a: '1' }, [{ a: ['1'] }]],
    ['{ head { limit : 0 } }', { a: '1' }, []],
    ['{ sample { probability : 0.0, seed : 1 } }', { a: '1' }, []],
  ])('%s', async (commands, input, records) => {
    expect(await tryCommands(commands, input)).toEqual({ result: records !== null, records: records ?? [] });
  });

  it('take what the machine gives: time, names and chance', async () => {
    const run = await tryCommands('{ addCurrentTime {} }, { addLocalHost {} }, { generateUUID { prefix : "p-" } }', {});
    expect(run.records[0]?.['timestamp']?.[0]).toMatch(/^\d{13}$/);
    expect(run.records[0]?.['host']?.[0]).toMatch(/^[\d.:a-f]+$/);
    expect(run.records[0]?.['id']?.[0]).toMatch(/^p-[0-9a-f-]{36}$/);
  });

  it('log by level', async () => {
    const lines: string[] = [];
    const keep = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
    const logger = { ...silentLogger, info: keep('info'), warn: keep('warn'), error: keep('error') };
    const commands = ['logTrace', 'logDebug', 'logInfo', 'logWarn', 'logError'].map(
      (name) => `{ ${name} { format : "${name} {} {}", args : ["@{a}"] } }`,
    );
    await tryCommands(commands.join('\n'), { a: ['1', '2'] }, { logger });
    expect(lines).toEqual(['info logInfo [1, 2] {}', 'warn logWarn [1, 2] {}', 'error logError [1, 2] {}']);
  });

  it('end a pipe that calls itself for ever with an error', async () => {
    await expect(tryCommands('{ callParentPipe {} }', {})).rejects.toThrow('no condition ends it');
  });

  it('decompress gzip and bzip2, and take the ending off the name', async () => {
    const bzip2 = 'QlpoOTFBWSZTWX99hq4AAAdRgIAQQCACAYTAAAggACElMR5IQAwvqJ6ohsHENbdB8XckU4UJB/fYauA=';
    const both: readonly Fields[] = [
      {
        _attachment_body: gzipSync('one'),
        _attachment_mimetype: 'application/gzip',
        _attachment_name: 'x.tgz',
        a: '1',
      },
      { _attachment_body: Buffer.from(bzip2, 'base64'), _attachment_mimetype: 'application/x-bzip2' },
    ];
    const runs = await Promise.all(both.map((input) => tryCommands('{ decompress {} }', input)));
    expect(runs.flatMap((run) => run.records)).toEqual([
      { _attachment_body: ['one'], _attachment_name: ['x.tar'], a: ['1'] },
      { _attachment_body: [`one\ntwo two two two two\n${'x'.repeat(300)}`] },
    ]);
    const damaged = Buffer.from(bzip2, 'base64');
    damaged[30] = (damaged[30] ?? 0) ^ 4;
    const input = { _attachment_body: damaged, _attachment_mimetype: 'application/x-bzip2' };
    await expect(tryCommands('{ decompress {} }', input)).rejects.toThrow('damaged');
    await expect(tryCommands('{ decompress {} }', { ...input, _attachment_body: 'no' })).rejects.toThrow('neither');
  });

  it('unpack tar and zip into a record for each file', async () => {
    const tar = { _attachment_body: tarOf('d/a.txt', 'one'), _attachment_mimetype: 'application/x-tar', a: '1' };
    expect((await tryCommands('{ unpack {} }', tar)).records).toEqual([
      { _attachment_body: ['one'], _attachment_name: ['d/a.txt'] },
    ]);
    const zip = { _attachment_body: zipOf('b.txt', 'two'), _attachment_mimetype: 'application/zip' };
    expect((await tryCommands('{ unpack {} }', zip)).records).toEqual([
      { _attachment_body: ['two'], _attachment_name: ['b.txt'] },
    ]);
  });

  it('sanitize fields by a schema file', async () => {
    writeFileSync(
      join(folder, 'schema.xml'),
      '<schema><field name="id" type="string"/><!-- <field name="no"/> --><dynamicField type="s" name="*_s"/></schema>',
    );
    const commands = `{ sanitizeUnknownSolrFields { schemaFile : "${join(folder, 'schema.xml')}", renameToPrefix : "ignored_" } }`;
    const run = await tryCommands(commands, { id: '1', a_s: '2', no: '3' });
    expect(run.records).toEqual([{ id: ['1'], a_s: ['2'], ignored_no: ['3'] }]);
    const remote = '{ sanitizeUnknownSolrFields { solrLocator : { collection : c, zkHost : "h:2181/solr" } } }';
    expect(() => compileCommands(remote, new RecordCollector())).toThrow('the schema has to be in a file');
  });

  it.each(refusedCommands.map((command) => command.name))('%s is refused with what to do instead', (name) => {
    expect(() => compileCommands(`{ ${name} {} }`, new RecordCollector())).toThrow(`${name} is not supported: `);
  });

  it('have names and classes of their own', () => {
    const all = [...commandTypes, ...refusedCommands];
    expect(new Set(all.map((type) => type.name)).size).toBe(all.length);
    expect(new Set(all.map((type) => type.className)).size).toBe(all.length);
  });
});

describe('Lifecycle events', () => {
  it('reach the end of the chain once, whatever the branches', () => {
    const collector = new RecordCollector();
    const branch = '{ commands : [ { addValues { a : 1 } } ] }';
    const morphline = compileCommands(
      `{ if { conditions : [ { contains { a : x } } ], then : [ { addValues { b : 1 } } ], else : [ { addValues { b : 2 } } ] } }
       { tryRules { rules : [ ${branch}, ${branch} ] } }, { not { contains { z : 1 } } }, { pipe { id : p, commands : [ { head {} } ] } }`,
      collector,
    );
    for (const event of ['BEGIN_TRANSACTION', 'COMMIT_TRANSACTION', 'SHUTDOWN'] as const) morphline.notify(event);
    expect(collector.events).toEqual(['BEGIN_TRANSACTION', 'COMMIT_TRANSACTION', 'SHUTDOWN']);
  });
});

function tarOf(name: string, text: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write(`${text.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('0', 156);
  header.write('ustar\0', 257);
  const body = Buffer.alloc(512);
  body.write(text);
  return Buffer.concat([header, body, Buffer.alloc(1024)]);
}

function zipOf(name: string, text: string): Buffer {
  const data = deflateRawSync(text);
  const local = Buffer.alloc(30);
  local.write('PK\x03\x04', 'latin1');
  local.writeUInt16LE(name.length, 26);
  const central = Buffer.alloc(46);
  central.write('PK\x01\x02', 'latin1');
  central.writeUInt16LE(8, 10);
  central.writeUInt32LE(data.length, 20);
  central.writeUInt16LE(name.length, 28);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(30 + name.length + data.length, 16);
  return Buffer.concat([local, Buffer.from(name), data, central, Buffer.from(name), end]);
}
