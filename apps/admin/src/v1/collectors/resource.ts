import { loadAllComponents } from '#connectors/registry-collector';
import { historyController } from '../connectors/history-controller.js';
import { operationsController } from '../connectors/operations-controller.js';
import type { Resource } from '../resource.js';
import { collectorForm } from './collector-form.js';
import { CollectorSamples } from './collector-samples.js';
import { CollectorView } from './collector-schemas.js';
import { CollectorsController } from './collectors-controller.js';
import { ComponentTypes, ComponentTypesController } from './component-types-controller.js';
import { ComponentsController } from './components-controller.js';

/** Over the `DesiredConnectors` of the sinks. */
export const collectorsResource: Resource = {
  controllers: [
    CollectorsController,
    ComponentsController,
    ComponentTypesController,
    operationsController(collectorForm),
    historyController(collectorForm, CollectorView),
  ],
  providers: (parts) => [
    { provide: ComponentTypes, useFactory: async () => new ComponentTypes(await loadAllComponents()) },
    { provide: CollectorSamples, useFactory: () => new CollectorSamples(parts.clock, parts.logger) },
  ],
};
