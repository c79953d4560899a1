import { TopologyController } from '../topology/topology-controller.js';
import type { Resource } from '../resource.js';
import { EventsController } from './events-controller.js';
import { LiveHub } from './live-hub.js';
import { LiveLooks } from './live-looks.js';
import { liveTables } from './live-tables.js';

export const eventsResource: Resource = {
  controllers: [EventsController, TopologyController],
  providers: (parts) => [
    { provide: LiveLooks, useFactory: () => new LiveLooks(parts) },
    {
      provide: LiveHub,
      useFactory: (looks: LiveLooks) => new LiveHub(liveTables(looks), parts),
      inject: [LiveLooks],
    },
  ],
};
