import type { OptionProblem, OptionSpecs } from '#config/options';
import { resolveReferences } from '#config/references';
import type { ConfigInfos } from '#pipeline/connector-validation';
import type { SinkType } from '#pipeline/sink';
import type { Clock } from '#std/clock';
import { messageOf } from '#std/errors';

export interface VerifyParts {
  readonly type: Pick<SinkType, 'options' | 'verify'>;
  /** Every option of the connector: tells which values are secret. */
  readonly options: OptionSpecs;
  /** What `${env:NAME}` refers to here. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** How long the store may take to answer, ms. Default 10,000. */
  readonly timeoutMs?: number;
}

export interface Verification {
  /** Whether the store was asked. */
  readonly isDone: boolean;
  /** Why it was not; null where it was. */
  readonly reason: string | null;
  readonly problems: readonly OptionProblem[];
}

type Config = Readonly<Record<string, string>>;

/** Values shorter than this are in every text by chance. */
const hiddenLengthMin = 4;

/**
 * Has a sink look whether it could work with this config, which is right by itself. What a reference stands for is known only where it is set:
 * a config whose references name nothing here is not judged. Never rejects, and nothing that a reference or a password stands for is in what
 * it gives.
 */
export async function verifyConnector(parts: VerifyParts, config: Config): Promise<Verification> {
  const verify = parts.type.verify?.bind(parts.type);
  if (verify === undefined) return skipped('this kind of sink can not look');
  let resolved: Config;
  try {
    resolved = resolveReferences(config, parts.environment);
  } catch (error) {
    return skipped(messageOf(error));
  }
  const problems = await within(parts, () => verify(resolved));
  const hide = hiderOf(parts.options, config, resolved);
  const shown = problems.map(({ name, message }) => ({ name, value: config[name] ?? null, message: hide(message) }));
  return { isDone: true, reason: null, problems: shown };
}

/** The answer of a validation with what was found in the store. */
export function withProblems(
  infos: ConfigInfos,
  options: OptionSpecs,
  problems: readonly OptionProblem[],
): ConfigInfos {
  if (problems.length === 0) return infos;
  const left = new Set(problems);
  const configs = infos.configs.map((info) => {
    const { name, errors } = info.value;
    const names = [name, ...(options[name]?.aliases ?? [])];
    const own = problems.filter((problem) => names.includes(problem.name));
    for (const problem of own) left.delete(problem);
    return own.length === 0
      ? info
      : { ...info, value: { ...info.value, errors: [...errors, ...own.map(({ message }) => message)] } };
  });
  const stray = [...left].map(({ name, value, message }) => ({
    definition: null,
    value: { name, value, recommended_values: [], errors: [message], visible: true },
  }));
  return { ...infos, error_count: infos.error_count + problems.length, configs: [...stray, ...configs] };
}

function skipped(reason: string): Verification {
  return { isDone: false, reason, problems: [] };
}

/** What the store says, or that it said nothing in time. */
async function within(
  { clock, timeoutMs = 10_000 }: VerifyParts,
  verify: () => Promise<readonly OptionProblem[]>,
): Promise<readonly OptionProblem[]> {
  const problem = (message: string): readonly OptionProblem[] => [{ name: 'connector.class', value: null, message }];
  return new Promise((resolve) => {
    const timer = clock.after(timeoutMs, () => resolve(problem(`The store did not answer within ${timeoutMs} ms`)));
    verify()
      .catch((error: unknown) => problem(`The store could not be asked: ${messageOf(error)}`))
      .then((problems) => {
        timer.cancel();
        resolve(problems);
      })
      .catch(() => undefined);
  });
}

function hiderOf(options: OptionSpecs, config: Config, resolved: Config): (text: string) => string {
  const secrets = Object.entries(resolved).flatMap(([name, value]) => {
    const isHidden = options[name]?.type === 'password' || config[name] !== value;
    return isHidden && value.length >= hiddenLengthMin ? [value] : [];
  });
  return (text) => secrets.reduce((left, secret) => left.replaceAll(secret, '***'), text);
}
