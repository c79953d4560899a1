import { defineOptions } from '#config/options';
import type { ComponentType, ConfigFilter } from '#pipeline/collector';

/** Environment variables, Flume's `EnvironmentVariableConfigFilter`. */
export const envConfigFilter: ComponentType<ConfigFilter> = {
  name: 'env',
  classNames: ['org.apache.flume.configfilter.EnvironmentVariableConfigFilter'],
  doc: '`${filter["NAME"]}` is the environment variable NAME.',
  options: defineOptions({}),
  create: ({ services }) => {
    const { environment = process.env } = services;
    return { lookUp: (key) => Promise.resolve(environment[key] ?? null) };
  },
};
