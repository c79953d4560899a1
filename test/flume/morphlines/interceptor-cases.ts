/** Events through Flume's morphline interceptor and ours. */
export interface InterceptorCase {
  readonly name: string;
  readonly commands: string;
  readonly events: readonly { readonly body: string; readonly headers?: Readonly<Record<string, string>> }[];
  readonly options?: Readonly<Record<string, string>>;
}

const toBytes = '{ toByteArray { field : _attachment_body } }';

export const interceptorCases: readonly InterceptorCase[] = [
  { name: 'nothing', commands: '', events: [{ body: 'x', headers: { a: '1', b: '' } }, { body: '' }] },
  {
    name: 'fields become headers and the attachment the body',
    commands: `{ readClob { charset : UTF-8 } }, { addValues { number : [5], real : [1.50], flag : [true], _attachment_body : "<@{message}>" } }, ${toBytes}`,
    events: [{ body: 'x', headers: { a: '1' } }],
  },
  {
    name: 'no attachment',
    commands: '{ removeFields { blacklist : ["literal:_attachment_body"] } }',
    events: [{ body: 'x', headers: { a: '1' } }],
  },
  {
    name: 'an attachment that is a text',
    commands: '{ setValues { _attachment_body : text } }',
    events: [{ body: 'x' }],
  },
  {
    name: 'two attachments',
    commands: `{ addValues { _attachment_body : text } }, ${toBytes}`,
    events: [{ body: 'x' }, { body: '' }],
  },
  {
    name: 'a field with two values',
    commands: '{ addValues { a : 2 } }',
    events: [{ body: 'x', headers: { a: '1' } }, { body: 'y' }],
  },
  {
    name: 'several records',
    commands: '{ readLine { charset : UTF-8 } }',
    events: [{ body: 'one' }, { body: 'one\ntwo' }, { body: '\n' }, { body: '' }],
  },
  {
    name: 'dropped',
    commands: '{ if { conditions : [ { contains { a : "1" } } ], then : [ { dropRecord {} } ] } }',
    events: [
      { body: 'x', headers: { a: '1' } },
      { body: 'x', headers: { a: '2' } },
    ],
  },
  {
    name: 'failed',
    commands: '{ contains { a : "1" } }',
    events: [
      { body: 'x', headers: { a: '1' } },
      { body: 'x', headers: { a: '2' } },
    ],
  },
  {
    name: 'failed after a record',
    commands: '{ readLine { charset : UTF-8 } }, { contains { message : a } }',
    events: [{ body: 'a\nb' }, { body: 'b\na' }],
  },
  {
    name: 'an error',
    commands: '{ readLine {} }',
    events: [{ body: 'x' }, { body: 'x', headers: { _attachment_charset: 'UTF-8' } }, { body: '' }],
  },
  {
    name: 'an error in production',
    commands: '{ readLine {} }',
    options: { isProductionMode: 'true' },
    events: [{ body: 'x' }, { body: 'x', headers: { _attachment_charset: 'UTF-8' } }],
  },
  {
    name: 'a variable',
    commands: '{ addValues { v : ${VARIABLE} } }',
    options: { 'morphlineVariable.VARIABLE': 'given' },
    events: [{ body: 'x' }],
  },
  {
    name: 'a variable of the file replaced',
    commands: '{ addValues { v : ${KNOWN} } }',
    options: { 'morphlineVariable.KNOWN': 'given' },
    events: [{ body: 'x' }],
  },
  { name: 'a variable that is not given', commands: '{ addValues { v : ${VARIABLE} } }', events: [{ body: 'x' }] },
  { name: 'an id', commands: '', options: { morphlineId: 'm' }, events: [{ body: 'x' }] },
  { name: 'a blank id', commands: '', options: { morphlineId: ' ' }, events: [{ body: 'x' }] },
  { name: 'another id', commands: '', options: { morphlineId: 'other' }, events: [{ body: 'x' }] },
];
