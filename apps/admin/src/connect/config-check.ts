import type { ConfigInfos } from '#pipeline/connector-validation';
import { withProblems } from '#pipeline/connector-verification';
import type { ConnectorClass } from './connector-class.js';

export interface CheckedConfig {
  readonly infos: ConfigInfos;
  /** `true`: the store was asked. A sentence: it was not, because. Null: nobody wanted it to be, or the config has other errors. */
  readonly verified: true | string | null;
}

/** Checks a config by itself, and where that finds nothing and `verify` is set, against its store. */
export async function checkConfig(
  connectorClass: ConnectorClass,
  config: Readonly<Record<string, string>>,
  verify: boolean,
): Promise<CheckedConfig> {
  const infos = connectorClass.validate(config);
  if (!verify || infos.error_count > 0 || connectorClass.verify === undefined) return { infos, verified: null };
  const { isDone, reason, problems } = await connectorClass.verify(config);
  return { infos: withProblems(infos, connectorClass.options, problems), verified: isDone || (reason ?? '') };
}
