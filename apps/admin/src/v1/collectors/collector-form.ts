/** Between a collector of `/api/v1` and a connector's flat config; and from components in JSON to the text of a flume.conf. */
import { FieldProblems, pointerOf } from '#nest/field-problems';
import { hideSecrets } from '../../connect/secrets.js';
import { shownConnector, type ConnectorForm } from '../connectors/connector-form.js';
import type { CollectorBody, Components } from './collector-schemas.js';

const fields = {
  agent: 'agent',
  flume_conf: 'flume.conf',
  worker_id: 'worker.id',
  conf_directory: 'conf.directory',
} as const;
const keys: ReadonlySet<string> = new Set(['name', 'connector.class', 'tasks.max', ...Object.values(fields)]);

export const collectorForm: ConnectorForm = {
  kind: 'source',
  path: 'collectors',
  noun: 'collector',
  title: 'Collector',
  pointerOf(key) {
    const field = Object.entries(fields).find(([, own]) => own === key)?.[0];
    return pointerOf(field === undefined ? ['config', key] : [field]);
  },
  show(classes, connector) {
    const options = classes.find(connector.config['connector.class'] ?? '')?.options ?? {};
    const shown = hideSecrets(options, connector.config);
    const further = Object.entries(shown).filter(([key]) => !keys.has(key));
    return shownConnector('Collector', connector, {
      ...Object.fromEntries(
        Object.entries(fields).flatMap(([field, key]) => (shown[key] === undefined ? [] : [[field, shown[key]]])),
      ),
      ...(further.length === 0 ? {} : { config: Object.fromEntries(further) }),
    });
  },
};

/** Throws 422 where text and components are both there, or neither. */
export function flatCollector(body: CollectorBody): Record<string, string> {
  const { components, config = {} } = body;
  if ((body.flume_conf === undefined) === (components === undefined)) {
    const message = 'Send either flume_conf, the text of a flume.conf, or components';
    throw new FieldProblems(message, [{ pointer: '/flume_conf', code: 'either', message }]);
  }
  const agent = body.agent?.trim() ?? (body.flume_conf === undefined ? 'agent' : onlyAgent(body.flume_conf));
  const flat: Record<string, string> = {
    'connector.class': 'collector',
    agent,
    'flume.conf': body.flume_conf ?? confText(agent, components ?? {}),
  };
  if (body.worker_id !== undefined) flat['worker.id'] = body.worker_id;
  if (body.conf_directory !== undefined) flat['conf.directory'] = body.conf_directory;
  for (const [key, value] of Object.entries(config)) {
    if (keys.has(key)) {
      const message = `${key} has a field of its own`;
      throw new FieldProblems(message, [{ pointer: pointerOf(['config', key]), code: 'twice', message }]);
    }
    flat[key] = String(value);
  }
  return flat;
}

/** The agent of a text that has one only. */
function onlyAgent(text: string): string {
  const names = new Set(
    [...text.matchAll(/^[ \t]*([^\s#!.=:]+)\.(?:sources|channels|sinks)[ \t]*[=:]/gm)].map((match) => match[1] ?? ''),
  );
  const [name] = names;
  if (names.size === 1 && name !== undefined) return name;
  const message =
    names.size === 0 ? 'The text has no agent' : `The text has the agents ${[...names].join(', ')}: say which one runs`;
  throw new FieldProblems(message, [{ pointer: '/agent', code: 'agent', message }]);
}

/** Components as a flume.conf, in the order given. */
export function confText(agent: string, components: Components): string {
  const lines: string[] = [];
  for (const [section, named] of Object.entries(components)) {
    if (named === undefined) continue;
    lines.push(`${agent}.${section} = ${Object.keys(named).join(' ')}`);
    for (const [name, component] of Object.entries(named)) {
      for (const [key, value] of leaves(component)) lines.push(`${agent}.${section}.${name}.${key} = ${value}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** `{selector: {type: 'multiplexing'}}` is `selector.type`; interceptors in an object are listed in its order. */
function leaves(component: Readonly<Record<string, unknown>>, prefix = ''): [string, string][] {
  return Object.entries(component).flatMap(([key, value]): [string, string][] => {
    const path = prefix + key;
    if (value === null || value === undefined) return [];
    if (Array.isArray(value)) return [[path, escaped(value.map(String).join(' '))]];
    if (typeof value === 'object') {
      const below = leaves(Object.fromEntries(Object.entries(value)), `${path}.`);
      return path === 'interceptors' ? [[path, Object.keys(value).join(' ')], ...below] : below;
    }
    return [[path, escaped(typeof value === 'string' ? value : JSON.stringify(value))]];
  });
}

/** Backslashes and line ends mean something in Java's properties. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
}
