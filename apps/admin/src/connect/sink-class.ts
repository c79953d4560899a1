import { connectorOptions } from '#pipeline/connector-options';
import { configKeys, validateConnector } from '#pipeline/connector-validation';
import type { SinkType } from '#pipeline/sink';
import type { ConnectorClass } from './connector-class.js';

export function sinkClass(type: SinkType): ConnectorClass {
  return {
    name: type.name,
    aliases: type.classNames,
    kind: 'sink',
    version: type.version,
    options: { ...connectorOptions, ...type.options },
    keys: () => configKeys(type),
    validate: (config) => validateConnector(type, config),
    tasksMax: (config) => Number(config['tasks.max'] ?? 1),
  };
}
