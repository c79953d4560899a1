import { DesiredConnectors } from '../connectors/desired-connectors.js';
import { historyController } from '../connectors/history-controller.js';
import { operationsController } from '../connectors/operations-controller.js';
import type { Resource } from '../resource.js';
import { sinkForm } from './sink-form.js';
import { SinkChecksController } from './sink-checks-controller.js';
import { SinkPreviews } from './sink-preview.js';
import { SinkTypesController } from './sink-types-controller.js';
import { SinkView } from './sink-schemas.js';
import { SinksController } from './sinks-controller.js';

export const sinksResource: Resource = {
  controllers: [
    SinksController,
    SinkChecksController,
    SinkTypesController,
    operationsController(sinkForm),
    historyController(sinkForm, SinkView),
  ],
  providers: (parts) => [
    { provide: SinkPreviews, useFactory: () => new SinkPreviews(parts) },
    { provide: DesiredConnectors, useFactory: () => new DesiredConnectors(parts.store, parts.classes) },
  ],
};
