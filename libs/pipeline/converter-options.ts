import type { OptionProblem } from '#config/options';
import { findPlugin, type ConnectorPlugins } from '#pipeline/connector-plugins';
import { builtInConverters, createConverter, isBuiltInConverter, type Converter } from '#pipeline/sink-converters';
import { SinkPreparation } from '#pipeline/sink-preparation';
import { subKeys } from '#pipeline/sub-keys';
import type { TransformInput } from '#pipeline/transforms/transform';
import { createTransforms, prefixed, problemsOf, type PluginOptions } from '#pipeline/transforms/transform-options';

type Config = Readonly<Record<string, string>>;

const sides = ['key', 'value'] as const;

/** Declared for every sink already; converters that know it read it there. */
const sharedOption = 'schemas.enable';

/** What is wrong with the converters that the config names, and with their options. */
export function converterProblems(config: Config, plugins: ConnectorPlugins): OptionProblem[] {
  return sides.flatMap((side) => {
    const name = `${side}.converter`;
    const written = config[name]?.trim() ?? '';
    if (written === '' || isBuiltInConverter(written)) return [];
    const type = findPlugin(plugins.converters, written);
    // Confluent's converters hand unknown options on, and there are many that mean nothing to a sink.
    if (type !== null) return problemsOf(type, optionsOf(config, side), `${name}.`, true);
    const names = [...builtInConverters, ...plugins.converters.flatMap((each) => [each.name, ...each.classNames])];
    const message = `Invalid value ${written} for configuration ${name}: no such converter; there are ${names.join(', ')}`;
    return [{ name, value: written, message }];
  });
}

/** Options of the converters that the config names. */
export function converterOptions(config: Config, plugins: ConnectorPlugins): PluginOptions[] {
  return sides.flatMap((side) => {
    const type = findPlugin(plugins.converters, config[`${side}.converter`] ?? '');
    return type === null
      ? []
      : [{ group: `Converter of the ${side}`, specs: prefixed(`${side}.converter.`, type.options) }];
  });
}

/** Converters and transforms as the config names them; it has no problems. */
export function createPreparation(
  config: Config,
  plugins: ConnectorPlugins,
  services: Omit<TransformInput, 'name' | 'options'>,
): SinkPreparation {
  const converterOf = (side: (typeof sides)[number]): Converter | null => {
    const written = config[`${side}.converter`]?.trim() ?? 'bytes';
    const type = findPlugin(plugins.converters, written);
    if (type === null) return createConverter(written, subKeys(config, `${side}.converter.`));
    return type.create(optionsOf(config, side), { clock: services.clock, side });
  };
  return new SinkPreparation({
    keyConverter: converterOf('key'),
    valueConverter: converterOf('value'),
    transforms: createTransforms(config, plugins, services),
  });
}

function optionsOf(config: Config, side: string): Config {
  const { [sharedOption]: _shared, ...own } = subKeys(config, `${side}.converter.`);
  return own;
}
