import { UsageError, countOf, topicFlags, urlFlag, type Command, type CommandInput, type Flag } from '../command.js';
import { collectorAdminCommands } from '../collector-admin-commands.js';
import { securityOfFile } from '#nest/client-properties';
import { logFormat } from '#nest/log-format';
import { createLogger } from '#std/log';

/** Flume's own names, so that the arguments of `flume-ng agent` can stay. */
const confFlags = {
  'conf-file': { doc: 'a flume.conf; several are merged, later keys win', value: 'file', short: 'f', multiple: true },
  'conf-uri': {
    doc: 'a flume.conf on a web server or as file:; several are merged, before all files',
    value: 'uri',
    short: 'u',
    multiple: true,
  },
  'conf-user': { doc: 'user for those servers (Basic)', value: 'user' },
  'conf-password': {
    doc: 'password for those servers',
    value: 'password',
    env: 'MILLRACE_CONF_PASSWORD',
  },
  conf: { doc: 'folder with a flume.opts; or a flume.conf', value: 'path', short: 'c' },
  define: { doc: 'a system property as of Java, -Dname=value', value: 'name=value', short: 'D', multiple: true },
} satisfies Record<string, Flag>;

/** Flags of Flume that mean something which is not here. */
const refusedFlags = {
  zkConnString: {
    doc: 'not supported: keep the configuration on a web server (--conf-uri)',
    value: 'hosts',
    short: 'z',
  },
  zkBasePath: { doc: 'not supported', value: 'path', short: 'p' },
  'conf-provider': { doc: 'not supported: providers are Java classes', value: 'class' },
  'auth-provider': { doc: 'not supported: there is --conf-user', value: 'class' },
} satisfies Record<string, Flag>;

const dataFlag: Flag = {
  doc: 'folder for positions and channels that name none',
  value: 'dir',
  short: 'd',
  default: 'millrace-data/collector',
};

export const collectorCommands: readonly Command[] = [
  ...collectorAdminCommands,
  {
    path: ['collector', 'run'],
    summary: 'Runs one agent of a flume.conf in the foreground, as flume-ng agent does',
    flags: {
      ...confFlags,
      name: { doc: 'the agent in that file', value: 'agent', short: 'n' },
      ...topicFlags,
      data: dataFlag,
      'poll-interval': {
        doc: 'how often the configuration is looked at; else 30, from servers 300',
        value: 's',
        short: 'i',
      },
      'no-reload-conf': {
        doc: 'keeps to the configuration of the start; SIGHUP then stops the agent, as it stops Flume',
      },
      'backup-directory': { doc: 'keeps the last good configuration there', value: 'dir', short: 'b' },
      'metrics-port': {
        doc: 'shows counters at /metrics as Flume does; also -Dflume.monitoring.type=http',
        value: 'port',
      },
      'metrics-host': { doc: 'address for that; others than the loopback let everybody read them', value: 'host' },
      ...refusedFlags,
    },
    async run(input) {
      const { runAgent } = await import('../../../collector/src/run-agent.js');
      const { agentStateDirectory } = await import('../../../collector/src/agent-place.js');
      const { conf, system, agentName, optionOf, isSet } = await confOf(input);
      const { tlsEnvironment } = await import('../../../collector/src/system-properties.js');
      Object.assign(process.env, tlsEnvironment(system));
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
      const isFixed = isSet('no-reload-conf');
      let look: () => void = () => undefined;
      process.on('SIGHUP', () => (isFixed ? stop.abort() : look()));
      if (agentName === null) throw new UsageError('--name is missing: the agent in that file');
      const seconds = secondsOf(optionOf('poll-interval'));
      await runAgent({
        conf,
        agentName,
        system,
        bootstrap: input.text('bootstrap') ?? '',
        security: securityOfFile(input.text('client-properties')),
        stateDirectory: agentStateDirectory(input.text('data') ?? '', agentName),
        logger: createLogger({
          write: (line) => process.stderr.write(`${line}\n`),
          now: () => new Date().toISOString(),
          format: logFormat(),
        }),
        signal: stop.signal,
        backupDirectory: optionOf('backup-directory'),
        reload: isFixed
          ? null
          : {
              intervalMs: seconds === null ? null : seconds * 1000,
              onDemand: (listener) => {
                look = listener;
              },
            },
        metrics: metricsOf(input, system),
      });
    },
  },
  {
    path: ['collector', 'validate'],
    summary: 'Says all that is wrong with a flume.conf, by file and line; exit code 1 when an agent would not run',
    flags: { ...confFlags, name: { doc: 'one agent; else all in the file', value: 'agent', short: 'n' } },
    async run(input) {
      const { validateConf } = await import('../../../collector/src/run-agent.js');
      const { conf, system, agentName } = await confOf(input);
      const result = await validateConf(conf, agentName, { environment: process.env, system });
      for (const line of result.lines) input.out(line);
      if (!result.valid) process.exitCode = 1;
    },
  },
  {
    path: ['collector', 'tap'],
    operands: '<edge>',
    summary:
      'Shows events of a running agent as they pass: source.r1 as read, interceptors.r1 behind them, channel.c1 into it, sink.k1 out to it',
    flags: {
      name: { doc: 'an agent that this user runs on this machine with "collector run"', value: 'agent', short: 'n' },
      data: dataFlag,
      collector: { doc: 'instead: a collector that the administration knows', value: 'name' },
      url: urlFlag,
      max: { doc: 'ends after so many events', value: 'count' },
      seconds: { doc: 'ends after so long; with --collector at most 3600', value: 's' },
      json: { doc: 'one JSON object a line, with headers and size' },
    },
    async run(input) {
      const { tapAgent } = await import('../tap-agent.js');
      await tapAgent(input);
    },
  },
];

async function confOf(input: CommandInput) {
  const { readDefinitions } = await import('../../../collector/src/system-properties.js');
  const { readFlumeOptions } = await import('../../../collector/src/flume-options.js');
  for (const [name, flag] of Object.entries(refusedFlags)) {
    if (input.text(name) !== null) throw new UsageError(`--${name} is ${flag.doc}`);
  }
  const folder = readFlumeOptions(input.text('conf'));
  const optionOf = (name: string): string | null => input.text(name) ?? folder.options[name] ?? null;
  const listOf = (name: string): readonly string[] => {
    const given = input.all(name);
    const written = folder.options[name];
    return given.length > 0 || written === undefined ? given : [written];
  };
  const files = [...folder.confFiles, ...listOf('conf-file')];
  const uris = listOf('conf-uri');
  if (files.length + uris.length === 0) throw new UsageError('--conf-file is missing: a flume.conf');
  const system = readDefinitions(input.all('define'));
  if (system['lookups'] !== undefined) {
    throw new UsageError('-Dlookups is not supported: there are ${env:}, ${sys:}, ${date:} and ${java:}');
  }
  return {
    conf: { files, uris, user: optionOf('conf-user'), password: optionOf('conf-password') },
    system,
    agentName: optionOf('name'),
    optionOf,
    isSet: (name: string) => input.on(name) || folder.options[name]?.toLowerCase() === 'true',
  };
}

const monitoringPort = 41_414;

/** By flags, or by Flume's system properties. Other ways of monitoring than those that are here are refused by name. */
function metricsOf(input: CommandInput, system: Readonly<Record<string, string>>) {
  const type = system['flume.monitoring.type']?.toLowerCase() ?? null;
  const given = countOf(input, 'metrics-port');
  if (type !== null && type !== 'http' && type !== 'prometheus') {
    throw new UsageError(`flume.monitoring.type is "${type}"; there are http and prometheus`);
  }
  if (given === null && type === null) return null;
  const written = system['flume.monitoring.port'];
  if (written !== undefined && !/^\d{1,5}$/.test(written)) {
    throw new UsageError(`flume.monitoring.port must be a port, and is "${written}"`);
  }
  return {
    host: input.text('metrics-host'),
    port: given ?? Number(written ?? monitoringPort),
    format: type === 'prometheus' ? ('prometheus' as const) : ('json' as const),
  };
}

function secondsOf(text: string | null): number | null {
  if (text === null) return null;
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0) {
    throw new UsageError(`--poll-interval must be a whole number of seconds, and is "${text}"`);
  }
  return Number(text);
}
