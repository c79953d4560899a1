// The pages of docs/reference, as [file name, text]. Every line of them comes from a declaration that the code itself reads.
import { optionTables, optionTable, escaped } from './docs-tables.mjs';

const pageMakers = [
  sinksPage,
  collectorPage,
  topicConfigsPage,
  serviceSettingsPage,
  clientPropertiesPage,
  kafkaApisPage,
  cliPage,
];

export function pages() {
  return Promise.all(pageMakers.map((make) => make()));
}

function page(name, sources, title, parts) {
  const head = `<!-- Written by tools/docs.mjs from ${sources}: change it there, then "npm run docs". -->`;
  return [name, `${[head, `# ${title}`, ...parts].join('\n\n')}\n`];
}

async function sinksPage() {
  const { sinkTypes } = await import('#connectors/registry-sinks');
  const { connectorOptions } = await import('#pipeline/connector-options');
  return page(
    'sinks.md',
    'libs/pipeline/connector-options.ts and libs/connectors/registry-sinks.ts',
    'Sinks: options',
    [
      'A sink is a `config` of strings, as Kafka Connect has it. `connector.class` is the short name, or one of the class names. ' +
        'Values may be references: `${env:NAME}`, `${file:PATH}`, `${file:PATH:KEY}`.',
      '## Every sink',
      ...optionTables(connectorOptions, 'Common'),
      ...sinkTypes.flatMap((type) => [
        `## ${type.name}`,
        type.doc,
        ...classNames(type),
        ...optionTables(type.options, type.name),
      ]),
    ],
  );
}

async function collectorPage() {
  const { loadAllComponents } = await import('#connectors/registry-collector');
  const { exactlyOnceOptions } = await import('#pipeline/flume-exactly-once');
  const { sources, channels, interceptors, sinks, selectors, configFilters, missing } = await loadAllComponents();
  return page('collector.md', 'libs/connectors/registry-collector.ts', 'Collectors: components and their options', [
    'What a `flume.conf` can name as `type`, by its short name or by a class name. Besides the options below a source has ' +
      '`channels`, `selector.*` and `interceptors`, and a sink has `channel`, as in Flume; beyond Flume a sink may have `interceptors` too.',
    '## Options of every source',
    optionTable(exactlyOnceOptions),
    ...componentParts('Sources', sources, missing.source),
    ...componentParts('Channels', channels, missing.channel),
    ...componentParts('Interceptors', interceptors, missing.interceptor),
    ...componentParts('Sinks', sinks, missing.sink),
    ...(selectors.length === 0 ? [] : componentParts('Channel selectors', selectors, [])),
    ...componentParts('Configuration filters', configFilters, []),
  ]);
}

function componentParts(title, types, missing) {
  const described = types.flatMap((type) => [
    `### ${type.name}`,
    type.doc,
    ...classNames(type),
    optionTable(type.options),
  ]);
  return [`## ${title}`, ...described, ...missingTypes(missing)];
}

function missingTypes(names) {
  if (names.length === 0) return [];
  const list = names.map((name) => `\`${name}\``).join(', ');
  return [`Flume has these too; here a conf that names one is refused with a message that says so: ${list}.`];
}

async function topicConfigsPage() {
  const { topicConfigs, topicConfigDefault } = await import('#log/topic-configs');
  const specs = Object.fromEntries(
    Object.entries(topicConfigs).map(([name, spec]) => [name, { ...spec, default: topicConfigDefault(name) }]),
  );
  return page('topic-configs.md', 'libs/log/topic-configs.ts', 'Settings of a topic', [
    'Names and defaults are Kafka’s. Set them when the topic is created, or later with any Kafka tool. All are kept and shown; ' +
      'those with “Kept and shown only” change nothing.',
    optionTable(specs),
  ]);
}

async function serviceSettingsPage() {
  const { brokerOptions } = await import('#broker/broker-options');
  const { engineOptions } = await import('#log/engine-options');
  const { nodeOptions } = await import('#broker/config-node');
  const others = Object.entries(nodeOptions).filter(([name]) => !(name in brokerOptions) && !(name in engineOptions));
  return page('topic-service-settings.md', 'libs/broker/config-node.ts', 'Settings of the topic service', [
    'In the all-in-one they are `topicService` of a `millrace.json`: `{ "topicService": { "num.partitions": "3" } }`. The role ' +
      '`topics` takes them from the environment: `TOPICS_SETTINGS="num.partitions=3 flush.ms=20"`, or from a file in the syntax of Kafka’s ' +
      '`server.properties`: `TOPICS_PROPERTIES=/etc/millrace/topics.properties`. Defaults of topics and limits of connections may be ' +
      'altered while it runs, with `kafka-configs` or any other client.',
    ...optionTables(brokerOptions, 'Node'),
    '### Log',
    optionTable(engineOptions),
    ...optionTables(Object.fromEntries(others), 'Others'),
  ]);
}

async function clientPropertiesPage() {
  const { clientSecurityOptions } = await import('#topics/client-security');
  return page('client-properties.md', 'libs/topics/client-security.ts', 'Client properties', [
    'How collectors, sink workers, the administration and the command line reach topics behind TLS and a login: Kafka’s names, in the file ' +
      'that `TOPICS_CLIENT_PROPERTIES` or `--client-properties` names. Values may be references: `${env:NAME}`, `${file:PATH}`. The files are ' +
      'read once, at the start. Other settings whose names begin with `security.`, `sasl.` or `ssl.` are refused; all others are left alone.',
    optionTable(clientSecurityOptions),
  ]);
}

async function kafkaApisPage() {
  const { handlers } = await import('#broker/handlers/index');
  const rows = handlers.map(({ api }) => `| ${api.key} | ${api.name} | ${api.minVersion} | ${api.maxVersion} |`);
  return page('kafka-apis.md', 'libs/broker/handlers/index.ts', 'APIs of the Kafka protocol', [
    'What the topic service answers. ApiVersions says the same, except that it lists Produce from 0 on, which older librdkafka asks for.',
    ['| key | API | from version | to version |', '| --- | --- | --- | --- |', ...rows].join('\n'),
  ]);
}

async function cliPage() {
  const { commandsOf } = await import('../dist/apps/cli/src/commands.js');
  const commands = await commandsOf();
  const { usage } = await import('../dist/apps/cli/src/help.js');
  return page('cli.md', 'apps/cli/src/commands.ts', 'The command line', [
    '`npx millrace <command>` in a clone. Exit codes: 0 done, 1 failed, 2 called wrongly, 3 not found, 4 denied, 5 conflict, 6 out of time, 7 partly done. `millrace help <command>` shows the same.',
    ...commands.flatMap((command) => [
      `## \`${usage(command)}\``,
      `${command.summary}.`,
      ...(Object.keys(command.flags).length === 0 ? [] : [flagTable(command.flags)]),
    ]),
  ]);
}

function flagTable(flags) {
  const rows = Object.entries(flags).map(([name, flag]) => {
    const short = flag.short === undefined ? '' : `\`-${flag.short}\`, `;
    const value = flag.value === undefined ? '' : ` ${flag.value}`;
    const fallback = flag.required === true ? 'needed' : flag.default === undefined ? '' : `\`${flag.default}\``;
    return `| ${short}\`--${escaped(`${name}${value}`)}\` | ${escaped(flag.doc)} | ${fallback} | ${flag.env === undefined ? '' : `\`${flag.env}\``} |`;
  });
  return ['| flag | meaning | default | environment |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function classNames(type) {
  if (type.classNames.length === 0) return [];
  return [`Also: ${type.classNames.map((name) => `\`${name}\``).join(', ')}.`];
}
