/** From what a client sends to what the control store keeps: class, name, secrets, validation. */
import { BadRequestException } from '@nestjs/common';
import { z } from 'zod';
import type { Connector, ConnectorSpec, TargetState } from '#control/connector';
import { checkConfig, type CheckedConfig } from './config-check.js';
import type { ConnectorClass, ConnectorClasses } from './connector-class.js';
import { hideUrls, restoreSecrets } from './secrets.js';

const scalar = z
  .union([z.string(), z.number(), z.boolean()], { error: 'must be a string, a number, true or false' })
  .transform((value) => String(value));

/** A flat map; scalars become strings. */
export const ConnectorConfig = z.record(z.string(), scalar).meta({ id: 'ConnectorConfig' });
/** As `ConnectorConfig`; null removes a key. */
export const ConnectorConfigPatch = z
  .record(z.string(), z.union([scalar, z.null()], { error: 'must be a string, a number, true, false or null' }))
  .meta({ id: 'ConnectorConfigPatch' });
export const NewConnector = z
  .strictObject({
    name: z.string(),
    config: ConnectorConfig,
    initial_state: z
      .string()
      .transform((state) => state.toUpperCase())
      .pipe(z.enum(['RUNNING', 'PAUSED', 'STOPPED']))
      .nullish(),
  })
  .meta({ id: 'NewConnector' });

type Config = Readonly<Record<string, string>>;

const nameLengthMax = 200;

export interface WantedConnector {
  readonly name: string;
  readonly config: Config;
  /** What is there under this name now. */
  readonly old: Connector | null;
  readonly initialState?: TargetState;
  /** Ask the store too. Default false: a connector may be made while its store is down. */
  readonly verify?: boolean;
  /** Who asks. */
  readonly by?: string;
}

/** What is wanted, with secrets put back, and what is wrong with it. */
export interface CheckedSpec extends CheckedConfig {
  readonly spec: ConnectorSpec;
  readonly connectorClass: ConnectorClass;
}

/** Throws 400 with Connect's sentence, which lists every error. */
export async function connectorSpec(classes: ConnectorClasses, wanted: WantedConnector): Promise<ConnectorSpec> {
  const { spec, infos } = await checkedSpec(classes, wanted);
  if (infos.error_count > 0) {
    const errors = infos.configs.flatMap(({ value }) => value.errors.map(hideUrls));
    throw new BadRequestException(
      `Connector configuration is invalid and contains the following ${errors.length} error(s):\n${errors.join('\n')}\n` +
        'You can also find the above list of errors at the endpoint `/connector-plugins/{connectorType}/config/validate`',
    );
  }
  return spec;
}

/** Throws 400 where there is nothing to check: no such class, a name that will not do, masks of secrets that nobody has. */
export async function checkedSpec(classes: ConnectorClasses, wanted: WantedConnector): Promise<CheckedSpec> {
  const name = checkName(wanted.name);
  const sent = wanted.config;
  if (sent['name'] !== undefined && sent['name'].trim() !== name) {
    throw new BadRequestException(
      `Connector name configuration (${sent['name']}) doesn't match connector name in the URL (${name})`,
    );
  }
  const connectorClass = requireClass(classes, sent);
  const config = restoreSecrets(connectorClass.options, { ...sent, name }, wanted.old?.config ?? {});
  const checked = await checkConfig(connectorClass, config, wanted.verify ?? false);
  const spec = {
    name,
    kind: connectorClass.kind,
    config,
    tasksMax: connectorClass.tasksMax(config),
    pinnedWorker: config['worker.id']?.trim() || null,
    initialState: wanted.initialState,
    by: wanted.by,
  };
  return { ...checked, spec, connectorClass };
}

/** Throws 400 where no class is named or nobody knows it. */
export function requireClass(classes: ConnectorClasses, config: Readonly<Record<string, string>>): ConnectorClass {
  const name = config['connector.class'];
  if (name === undefined || name.trim() === '') {
    throw new BadRequestException(
      'Connector config {} contains no connector type: set connector.class to one of ' + classNames(classes),
    );
  }
  const found = classes.find(name, config);
  if (found !== null) return found;
  throw new BadRequestException(
    `Failed to find any class that implements Connector and which name matches ${name}, available connectors are: ${classNames(classes)}`,
  );
}

function classNames(classes: ConnectorClasses): string {
  return classes.all.map((candidate) => candidate.name).join(', ');
}

function checkName(text: string): string {
  const name = text.trim();
  if (name === '') throw new BadRequestException('Connector name may not be empty');
  // Names become folders of tasks and parts of URLs.
  if (name.length > nameLengthMax || /[/\\\p{Cc}]/u.test(name) || name === '.' || name === '..') {
    throw new BadRequestException(
      `Connector name ${JSON.stringify(name)} will not do: at most ${nameLengthMax} characters, without slashes and control characters`,
    );
  }
  return name;
}
