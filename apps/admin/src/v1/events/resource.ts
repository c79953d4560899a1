import type { Resource } from '../resource.js';
import { EventsController } from './events-controller.js';
import { LiveHub } from './live-hub.js';
import { liveLooks } from './live-looks.js';
import { liveTables } from './live-tables.js';

export const eventsResource: Resource = {
  controllers: [EventsController],
  providers: (parts) => [{ provide: LiveHub, useFactory: () => new LiveHub(liveTables(liveLooks(parts)), parts) }],
};
