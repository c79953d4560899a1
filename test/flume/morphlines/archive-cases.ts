import type { MorphlineCase } from './case.js';

// Made with Python's tarfile, zipfile, gzip and bz2. Bodies that begin with `base64:` are bytes.
const gzip = 'base64:H4sIAAAAAAACA8vPS+UCAJ+oF/gEAAAA';
const bzip2 = 'base64:QlpoOTFBWSZTWacUK3cAAALBgAAQAgGEgCAAIYAMAjj1G4u5IpwoSFOKFbuA';
const tarGz =
  'base64:H4sIAAAAAAACA+3UMRJAMBBA0T1KTkAyIjkPQ8sMMRxfqIwGRTT5r9mdNFv9NEXYgqSlI2ftOaP7jKrLfrw7b7woLT9Y5tBM8aTkaRx6Qb66sk3+A3zv3xtb0f8fwjoSQdb992XqG8/933dnjRFV0z8AAAAAAAAAAAAAAK/s22SfSwAoAAA=';
const zip =
  'base64:UEsDBBQAAAAIADlxdl0igJwMCAAAADwAAAAFAAAAYS50eHTLz0vNJxcBAFBLAwQUAAAAAAA5cXZdZorKEQMAAAADAAAABwAAAGQvYi50eHR0d29QSwMEFAAAAAgAOXF2XQAAAAACAAAAAAAAAAIAAABkLwMAUEsBAhQDFAAAAAgAOXF2XSKAnAwIAAAAPAAAAAUAAAAAAAAAAAAAAIABAAAAAGEudHh0UEsBAhQDFAAAAAAAOXF2XWaKyhEDAAAAAwAAAAcAAAAAAAAAAAAAAIABKwAAAGQvYi50eHRQSwECFAMUAAAACAA5cXZdAAAAAAIAAAAAAAAAAgAAAAAAAAAAABAA/UFTAAAAZC9QSwUGAAAAAAMAAwCYAAAAdQAAAAAA';

/** Kite leaves streams in the attachment, ours are bytes already: readBlob makes both bytes. */
const commands = (command: string): string => `{ ${command} {} }\n{ readBlob {} }`;

export const archiveCases: readonly MorphlineCase[] = [
  {
    name: 'decompress',
    commands: commands('decompress'),
    input: [
      { _attachment_body: gzip, _attachment_mimetype: 'application/x-gzip', _attachment_name: 'x.gz', a: '1' },
      { _attachment_body: gzip, _attachment_mimetype: 'application/x-gzip', _attachment_name: 'x.tgz' },
      { _attachment_body: bzip2, _attachment_mimetype: 'application/x-bzip2', _attachment_name: 'x.tbz2' },
      { _attachment_body: gzip, _attachment_mimetype: 'text/plain' },
      { _attachment_body: gzip },
    ],
  },
  {
    name: 'decompress what is not compressed',
    commands: commands('decompress'),
    input: [{ _attachment_body: 'plain', _attachment_mimetype: 'application/x-gzip' }],
  },
  {
    name: 'unpack a compressed tar archive',
    commands: `{ decompress {} }\n{ setValues { _attachment_mimetype : application/x-tar } }\n${commands('unpack')}`,
    input: [{ _attachment_body: tarGz, _attachment_mimetype: 'application/x-gzip', a: '1' }],
  },
  {
    name: 'unpack a zip archive',
    commands: commands('unpack'),
    input: [{ _attachment_body: zip, _attachment_mimetype: 'application/zip', a: '1' }],
  },
  {
    name: 'unpack what is no archive',
    commands: commands('unpack'),
    input: [{ _attachment_body: 'plain', _attachment_mimetype: 'application/zip' }],
  },
  {
    name: 'detectMimeType',
    commands: '{ detectMimeType {} }\n{ removeFields { blacklist : ["literal:_attachment_body"] } }',
    input: [
      ...[
        gzip,
        bzip2,
        zip,
        'plain text',
        '%PDF-1.4 x',
        '<?xml version="1.0"?><a/>',
        '<html><body/></html>',
        '{"a": 1}',
        '\u0000\u0001',
      ].map((body) => ({ _attachment_body: body })),
      ...['x.csv', 'x.txt', 'x.json', 'x.xml', 'x.html', 'x.pdf', 'x.unknown'].map((name) => ({
        _attachment_body: 'some text',
        _attachment_name: name,
      })),
      { _attachment_body: zip, _attachment_name: 'x.jar' },
      { _attachment_body: 'x', _attachment_mimetype: 'kept/type' },
      { a: '1' },
    ],
  },
  {
    name: 'detectMimeType by types of ones own',
    commands: `{ detectMimeType { includeDefaultMimeTypes : false, mimeTypesString : """
      <mime-info><mime-type type="text/space"><magic priority="50"><match value="sp" type="string" offset="0"/></magic><glob pattern="*.space"/></mime-type></mime-info>
      """ } }\n{ removeFields { blacklist : ["literal:_attachment_body"] } }`,
    input: [
      { _attachment_body: 'space' },
      { _attachment_body: 'other', _attachment_name: 'x.space' },
      { _attachment_body: '\u0000' },
    ],
  },
];
