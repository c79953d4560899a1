import { loadConnectorPlugins } from '#connectors/connector-plugins';
import { connectorOptions } from '#pipeline/connector-options';
import { configKeys, validateConnector } from '#pipeline/connector-validation';
import { verifyConnector } from '#pipeline/connector-verification';
import { ownOptions } from '#pipeline/own-options';
import type { SinkType } from '#pipeline/sink';
import { systemClock } from '#std/clock';
import type { ConnectorClass } from './connector-class.js';

const plugins = await loadConnectorPlugins();

export function sinkClass(type: SinkType): ConnectorClass {
  const options = { ...connectorOptions, ...type.options };
  const alterOffsets = type.alterOffsets?.bind(type);
  return {
    name: type.name,
    aliases: type.classNames,
    claims: type.claims?.bind(type),
    kind: 'sink',
    version: type.version,
    doc: type.doc,
    guarantee: (config) => type.guarantee(ownOptions(type, config)),
    options,
    own: (config) => ownOptions(type, config),
    keys: () => configKeys(type),
    validate: (config) => validateConnector(type, ownOptions(type, config), plugins),
    verify: (config) =>
      verifyConnector({ type, options, environment: process.env, clock: systemClock }, ownOptions(type, config)),
    tasksMax: (config) => Number(config['tasks.max'] ?? 1),
    offsetsFixed: (config) => offsetsFixed(type, config),
    ...(alterOffsets === undefined
      ? {}
      : { alterOffsets: (name, config, positions) => alterOffsets(name, ownOptions(type, config), positions) }),
  };
}

/** More than at least once means that the store says where to go on; a sink that cannot be told otherwise would not listen. */
function offsetsFixed(type: SinkType, config: Readonly<Record<string, string>>): string | null {
  if (type.alterOffsets !== undefined || type.guarantee(ownOptions(type, config)) === 'at-least-once') return null;
  return (
    `A sink of class ${type.name} goes on behind what it has written, as its store says, whatever offsets are set here. ` +
    'To write records again, or to leave some out, add a sink under another name that writes to another place, and set start.from.'
  );
}
