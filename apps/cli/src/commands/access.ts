/** Who may do what: users, API keys, ACLs, quotas, and the record of what was done. */
import { createInterface } from 'node:readline';
import { dryRunFlag, restFlags, UsageError, yesFlag, type Command, type CommandInput, type Flag } from '../command.js';
import { isRecord, type Wanted } from '../manifest.js';
import { confirm, linesOfList, outputForm, pause, say, showList, showOne, untilInterrupted } from '../output.js';
import { restClient } from '../rest-client.js';
import {
  deleteCommand,
  describeCommand,
  dryRunQuery,
  field,
  listCommand,
  namesOf,
  pathOf,
  textAt,
  type RestNoun,
} from '../rest-noun.js';

const rolesIn = (item: Wanted): string =>
  (Array.isArray(item['roles']) ? item['roles'] : []).map((role) => textAt(role, 'role') ?? '').join(',');

const userNoun: RestNoun = {
  noun: 'user',
  path: 'users',
  key: 'name',
  columns: [
    field('USER', 'name'),
    field('MECHANISMS', 'mechanisms'),
    field('REST', 'rest_login'),
    { title: 'ROLES', cell: rolesIn },
  ],
  deletes: 'Nobody can log in any more as',
};

const passwordFlag = {
  'password-stdin': { doc: 'the password is the first line of standard input: it stands in no list of processes' },
} satisfies Record<string, Flag>;

export const userCommands: readonly Command[] = [
  listCommand(userNoun, 'Users with their logins and roles'),
  describeCommand(userNoun, 'One user'),
  {
    path: ['user', 'add'],
    operands: '<name>',
    summary: 'A user for REST and for Kafka clients by SCRAM',
    flags: { ...restFlags, ...passwordFlag, ...dryRunFlag },
    examples: ['user add alice --password-stdin < alice.password'],
    async run(input) {
      const body = { name: input.operand, password: await passwordOf(input) };
      await restClient(input).call('POST', `/api/v1/users${dryRunQuery(input)}`, body);
      say(input, input.on('dry-run') ? `User ${input.operand} would be added.` : `Added user ${input.operand}.`);
    },
  },
  {
    path: ['user', 'rotate'],
    operands: '<name>',
    completes: namesOf(userNoun),
    summary: 'A new password; the old one no longer holds',
    flags: { ...restFlags, ...passwordFlag },
    async run(input) {
      await restClient(input).call('PUT', pathOf(userNoun, input.operand), { password: await passwordOf(input) });
      say(input, `User ${input.operand} has a new password.`);
    },
  },
  deleteCommand(userNoun, 'Takes users away'),
];

/** From standard input; never on the command line, where everybody on the machine can read it. */
async function passwordOf(input: CommandInput): Promise<string> {
  if (!input.on('password-stdin'))
    throw new UsageError('--password-stdin is missing: the password comes by standard input');
  for await (const line of createInterface({ input: process.stdin })) if (line !== '') return line;
  throw new UsageError('Standard input holds no password');
}

const keyNoun: RestNoun = {
  noun: 'key',
  path: 'api-keys',
  key: 'name',
  columns: [
    field('KEY', 'name'),
    { title: 'ROLES', cell: rolesIn },
    field('EXPIRES', 'expires_at', 'never'),
    field('CREATED BY', 'created_by'),
  ],
  deletes: 'Nobody can log in any more with the key',
};

export const keyCommands: readonly Command[] = [
  listCommand(keyNoun, 'API keys with their roles; never what they are'),
  describeCommand(keyNoun, 'One API key'),
  {
    path: ['key', 'create'],
    operands: '<name>',
    summary: 'A new API key, which is shown this once',
    flags: {
      ...restFlags,
      role: { doc: 'what it may do', value: 'viewer|operator|editor|admin', required: true },
      area: { doc: 'only topics, groups, collectors, sinks, jobs, cluster or security', value: 'area', multiple: true },
      prefix: { doc: 'only what is called so at its beginning', value: 'text' },
      expires: { doc: 'until when it holds', value: 'ISO time' },
    },
    examples: ['key create ci --role editor --area sinks --prefix orders-', 'key create board --role viewer -o json'],
    async run(input) {
      const expires = input.text('expires');
      const role = { role: input.text('role'), areas: input.all('area'), name_prefix: input.text('prefix') ?? '' };
      const body = { name: input.operand, roles: [role], ...(expires === null ? {} : { expires_at: expires }) };
      await showKey(input, await restClient(input).call('POST', '/api/v1/api-keys', body));
    },
  },
  {
    path: ['key', 'rotate'],
    operands: '<name>',
    completes: namesOf(keyNoun),
    summary: 'A new secret, which is shown this once; the old one no longer holds',
    flags: { ...restFlags, ...yesFlag },
    async run(input) {
      await confirm(input, `The secret that key ${input.operand} has now no longer holds then.`, input.operand);
      await showKey(input, await restClient(input).call('POST', pathOf(keyNoun, input.operand, ':rotate'), {}));
    },
  },
  deleteCommand(keyNoun, 'Takes API keys away'),
];

/** Not by `say`: `--quiet` leaves the key and nothing else. */
async function showKey(input: CommandInput, made: unknown): Promise<void> {
  if (outputForm(input) !== null) return showOne(input, made, input.operand);
  input.out(textAt(made, 'key') ?? '');
  if (!input.on('quiet')) process.stderr.write('It is shown this once: keep it where secrets are kept.\n');
}

const aclFields = ['resource_type', 'resource_name', 'pattern_type', 'principal', 'host', 'operation', 'permission'];
const aclColumns = [
  field('PERMISSION', 'permission'),
  field('PRINCIPAL', 'principal'),
  field('HOST', 'host'),
  field('OPERATION', 'operation'),
  field('RESOURCE', 'resource_type'),
  field('NAME', 'resource_name'),
  field('PATTERN', 'pattern_type'),
];
const aclName = (item: Wanted): string => aclFields.map((name) => textAt(item, name) ?? '').join(':');

const aclFlags = {
  principal: { doc: 'whom', value: 'User:name' },
  host: { doc: 'from which address; default any', value: 'address' },
  operation: { doc: 'READ, WRITE, DESCRIBE, CREATE, DELETE, ALTER, ALL …', value: 'operation' },
  topic: { doc: 'of this topic', value: 'name' },
  group: { doc: 'of this group', value: 'name' },
  cluster: { doc: 'of the cluster' },
  'transactional-id': { doc: 'of this transactional id', value: 'name' },
  prefixed: { doc: 'of all whose names begin so' },
} satisfies Record<string, Flag>;

function giveCommand(verb: 'allow' | 'deny'): Command {
  return {
    path: ['acl', verb],
    summary: verb === 'allow' ? 'Lets somebody do something' : 'Forbids somebody something, whatever else allows it',
    flags: {
      ...restFlags,
      ...aclFlags,
      principal: { ...aclFlags.principal, required: true },
      operation: { ...aclFlags.operation, required: true },
      ...dryRunFlag,
    },
    examples: [`acl ${verb} --principal User:alice --operation READ --topic orders- --prefixed`],
    async run(input) {
      const resource = resourceOf(input);
      if (resource === null) throw new UsageError('Say of what: --topic, --group, --cluster or --transactional-id');
      const body = {
        ...resource,
        pattern_type: input.on('prefixed') ? 'PREFIXED' : 'LITERAL',
        principal: input.text('principal'),
        host: input.text('host') ?? '*',
        operation: input.text('operation')?.toUpperCase(),
        permission: verb.toUpperCase(),
      };
      await restClient(input).call('POST', `/api/v1/acls${dryRunQuery(input)}`, body);
      say(input, `${aclName(body)}${input.on('dry-run') ? ' (dry run)' : ''}`);
    },
  };
}

export const aclCommands: readonly Command[] = [
  {
    path: ['acl', 'list'],
    summary: 'ACLs of topics, groups and the cluster',
    flags: { ...restFlags, ...aclFlags },
    async run(input) {
      const items = (await restClient(input).list(`/api/v1/acls?${aclFilter(input).toString()}`)).filter(isRecord);
      await showList(input, items, { columns: aclColumns, name: aclName, empty: 'No ACLs.' });
    },
  },
  giveCommand('allow'),
  giveCommand('deny'),
  {
    path: ['acl', 'remove'],
    summary: 'Removes all ACLs that fit what is named',
    flags: { ...restFlags, ...aclFlags, ...yesFlag, ...dryRunFlag },
    examples: ['acl remove --principal User:alice --dry-run'],
    async run(input) {
      const client = restClient(input);
      const filter = aclFilter(input);
      if (filter.size === 0) throw new UsageError('Name what to remove: --principal, --topic …');
      const found = (await client.list(`/api/v1/acls?${filter.toString()}`)).filter(isRecord);
      await showList(input, found, { columns: aclColumns, name: aclName, empty: 'No ACL fits.' });
      if (found.length === 0 || input.on('dry-run')) return;
      await confirm(input, `This removes ${found.length} ACLs.`, 'remove');
      await client.call('DELETE', `/api/v1/acls?${filter.toString()}`);
      say(input, `Removed ${found.length}.`);
    },
  },
];

function resourceOf(input: CommandInput): { resource_type: string; resource_name: string } | null {
  const named = [
    ['TOPIC', input.text('topic')],
    ['GROUP', input.text('group')],
    ['TRANSACTIONAL_ID', input.text('transactional-id')],
    ['CLUSTER', input.on('cluster') ? 'kafka-cluster' : null],
  ] as const;
  const given = named.flatMap(([type, name]) => (name === null ? [] : [{ resource_type: type, resource_name: name }]));
  if (given.length > 1) throw new UsageError('One of --topic, --group, --cluster and --transactional-id');
  return given[0] ?? null;
}

function aclFilter(input: CommandInput): URLSearchParams {
  const query = new URLSearchParams(resourceOf(input) ?? {});
  if (input.on('prefixed')) query.set('pattern_type', 'PREFIXED');
  for (const name of ['principal', 'host']) {
    const value = input.text(name);
    if (value !== null) query.set(name, value);
  }
  const operation = input.text('operation');
  if (operation !== null) query.set('operation', operation.toUpperCase());
  return query;
}

const entityFlags = {
  user: { doc: 'of this user; <default>: of all without their own', value: 'name' },
  'client-id': { doc: 'of this client id', value: 'id' },
  ip: { doc: 'of this address', value: 'address' },
} satisfies Record<string, Flag>;

const amountFlags = {
  'produce-bytes': { doc: 'bytes a second that it may write', value: 'n' },
  'fetch-bytes': { doc: 'bytes a second that it may read', value: 'n' },
  'request-pct': { doc: 'share of a thread, percent', value: 'n' },
  connections: { doc: 'new connections a second, of an address', value: 'n' },
} satisfies Record<string, Flag>;
const amountNames = {
  'produce-bytes': 'produce_bytes_s',
  'fetch-bytes': 'fetch_bytes_s',
  'request-pct': 'request_pct',
  connections: 'connections_s',
} satisfies Record<keyof typeof amountFlags, string>;

const quotaName = (item: Wanted): string =>
  Object.entries(isRecord(item['entity']) ? item['entity'] : {})
    .map(([kind, name]) => `${kind}=${String(name)}`)
    .join(',');

export const quotaCommands: readonly Command[] = [
  {
    path: ['quota', 'list'],
    summary: 'Quotas of users, client ids and addresses',
    flags: restFlags,
    async run(input) {
      const items = (await restClient(input).list('/api/v1/quotas')).filter(isRecord);
      const amounts = Object.entries(amountNames).map(([flag, name]) => field(flag.toUpperCase(), name));
      await showList(input, items, {
        columns: [{ title: 'OF', cell: quotaName }, ...amounts],
        name: quotaName,
        empty: 'No quotas.',
      });
    },
  },
  {
    path: ['quota', 'set'],
    summary: 'How much a user, a client id or an address may do; what is not named has no limit then',
    flags: { ...restFlags, ...entityFlags, ...amountFlags, ...dryRunFlag },
    examples: ['quota set --user alice --produce-bytes 1000000'],
    async run(input) {
      const amounts = Object.entries(amountNames).flatMap(([flag, name]) => {
        const text = input.text(flag);
        if (text === null) return [];
        if (!(Number(text) > 0)) throw new UsageError(`--${flag} must be a number above 0, and is "${text}"`);
        return [[name, Number(text)] as const];
      });
      if (amounts.length === 0) throw new UsageError(`Say how much: --${Object.keys(amountFlags).join(', --')}`);
      const body = { entity: entityOf(input), ...Object.fromEntries(amounts) };
      await restClient(input).call('PUT', `/api/v1/quotas${dryRunQuery(input)}`, body);
      say(input, `${quotaName(body)} ${input.on('dry-run') ? 'would have' : 'has'} its quota.`);
    },
  },
  {
    path: ['quota', 'remove'],
    summary: 'Takes a quota away',
    flags: { ...restFlags, ...entityFlags, ...yesFlag },
    async run(input) {
      const entity = entityOf(input);
      const name = quotaName({ entity });
      await confirm(input, `This removes the quota of ${name}.`, name);
      await restClient(input).call('DELETE', `/api/v1/quotas?${new URLSearchParams(entity).toString()}`);
      say(input, `Removed the quota of ${name}.`);
    },
  },
];

function entityOf(input: CommandInput): Record<string, string> {
  const entity = Object.keys(entityFlags).flatMap((flag) => {
    const value = input.text(flag);
    return value === null ? [] : [[flag.replace('-', '_'), value] as const];
  });
  if (entity.length === 0) throw new UsageError(`Say of whom: --${Object.keys(entityFlags).join(', --')}`);
  return Object.fromEntries(entity);
}

const auditColumns = [
  field('AT', 'at'),
  field('WHO', 'principal'),
  field('METHOD', 'method'),
  field('PATH', 'path'),
  field('STATUS', 'status'),
  field('FROM', 'ip'),
];
const auditForm = { columns: auditColumns, name: (item: Wanted) => textAt(item, 'id') ?? '' };
/** How often `audit follow` looks, ms. */
const auditEveryMs = 1000;

export const auditCommands: readonly Command[] = [
  {
    path: ['audit', 'list'],
    summary: 'Who changed what',
    flags: {
      ...restFlags,
      since: { doc: 'from this time on', value: 'ISO time' },
      until: { doc: 'before this time', value: 'ISO time' },
      principal: { doc: 'by whom', value: 'User:name' },
      area: { doc: 'topics, sinks, security …', value: 'area' },
    },
    async run(input) {
      const query = new URLSearchParams({ page_size: '1000' });
      for (const name of ['since', 'until', 'principal', 'area']) {
        const value = input.text(name);
        if (value !== null) query.set(name, value);
      }
      const answer = await restClient(input).get(`/api/v1/audit?${query.toString()}`);
      await showList(input, dataOf(answer), { ...auditForm, empty: 'Nothing was changed.' });
    },
  },
  {
    path: ['audit', 'follow'],
    summary: 'What is changed from now on, until Ctrl-C',
    flags: restFlags,
    async run(input) {
      const client = restClient(input);
      const stop = untilInterrupted();
      const seen = new Set<string>();
      let since = new Date().toISOString();
      while (!stop.aborted) {
        const query = new URLSearchParams({ page_size: '1000', since });
        const fresh = dataOf(await client.get(`/api/v1/audit?${query.toString()}`))
          .filter((item) => !seen.has(textAt(item, 'id') ?? ''))
          .toSorted((left, right) => ((textAt(left, 'at') ?? '') < (textAt(right, 'at') ?? '') ? -1 : 1));
        // The head only once would be gone at once: rows alone.
        for (const line of (await linesOfList(input, fresh, auditForm)).slice(outputForm(input) === null ? 1 : 0)) {
          if (fresh.length > 0) input.out(line);
        }
        since = textAt(fresh.at(-1), 'at') ?? since;
        // Only those of the last instant can come once more.
        seen.clear();
        for (const item of fresh) seen.add(textAt(item, 'id') ?? '');
        await pause(auditEveryMs, stop);
      }
    },
  },
];

function dataOf(answer: unknown): Wanted[] {
  return isRecord(answer) && Array.isArray(answer['data']) ? answer['data'].filter(isRecord) : [];
}
