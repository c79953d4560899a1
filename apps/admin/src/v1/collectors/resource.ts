import { historyController } from '../connectors/history-controller.js';
import { operationsController } from '../connectors/operations-controller.js';
import type { Resource } from '../resource.js';
import { collectorForm } from './collector-form.js';
import { CollectorView } from './collector-schemas.js';
import { CollectorsController } from './collectors-controller.js';

/** Over the `DesiredConnectors` of the sinks. */
export const collectorsResource: Resource = {
  controllers: [
    CollectorsController,
    operationsController(collectorForm),
    historyController(collectorForm, CollectorView),
  ],
};
