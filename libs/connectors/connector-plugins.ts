import type { ConnectorPlugins } from '#pipeline/connector-plugins';
import { loadInterceptors } from './registry-collector.js';
import { converterTypes } from './registry-converters.js';
import { predicateTypes, transformTypes } from './registry-transforms.js';
import { interceptorTransform } from './transforms/interceptor/interceptor-transform.js';

/** All that a sink connector's config can name besides the sink. Interceptors are loaded when a connector has transforms. */
export async function loadConnectorPlugins(config?: Readonly<Record<string, string>>): Promise<ConnectorPlugins> {
  const isPlain = config !== undefined && (config['transforms'] ?? '').trim() === '';
  const interceptors = isPlain ? [] : await loadInterceptors();
  return {
    converters: converterTypes,
    transforms: [...transformTypes, ...interceptors.map(interceptorTransform)],
    predicates: predicateTypes,
  };
}
