import { DesiredConnectors } from '../connectors/desired-connectors.js';
import { historyController } from '../connectors/history-controller.js';
import { operationsController } from '../connectors/operations-controller.js';
import type { Resource } from '../resource.js';
import { sinkForm } from './sink-form.js';
import { SinkView } from './sink-schemas.js';
import { SinksController } from './sinks-controller.js';

export const sinksResource: Resource = {
  controllers: [SinksController, operationsController(sinkForm), historyController(sinkForm, SinkView)],
  providers: (parts) => [
    { provide: DesiredConnectors, useFactory: () => new DesiredConnectors(parts.store, parts.classes) },
  ],
};
