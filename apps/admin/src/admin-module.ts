import { Module, type DynamicModule, type MiddlewareConsumer, type NestModule } from '@nestjs/common';
import { ControlStore } from '#control/control-store';
import { FurtherChecks } from '#nest/health';
import { MetricsRegistry } from '#nest/metrics';
import { LogThreshold } from '#std/log-threshold';
import { TopicAdmin } from '#topics/topic-admin';
import type { AdminParts } from './admin-parts.js';
import { ConnectorClasses } from './connect/connector-class.js';
import { ConnectorsController } from './connect/connectors-controller.js';
import { OffsetsController } from './connect/offsets-controller.js';
import { PackagedClasses } from './connect/packaged-classes.js';
import { PluginsController } from './connect/plugins-controller.js';
import { RootController } from './connect/root-controller.js';
import { CollectorTaps, TapController } from './connect/tap-controller.js';
import { TasksController } from './connect/tasks-controller.js';
import { kafkaRestControllers, kafkaRestProviders } from './kafka-rest/kafka-rest.js';
import { DocsController } from './operations/docs-controller.js';
import { HealthController } from './operations/health-controller.js';
import { MetricsController } from './operations/metrics-controller.js';
import { OpenApi } from './operations/open-api.js';
import { resources } from './v1/resources.js';

@Module({})
export class AdminModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(PackagedClasses).forRoutes(PluginsController, ConnectorsController);
  }

  /** The parts have their own life: `startAdmin` starts and stops them. */
  static of(parts: AdminParts): DynamicModule {
    return {
      module: AdminModule,
      controllers: [
        RootController,
        ConnectorsController,
        TasksController,
        TapController,
        OffsetsController,
        PluginsController,
        ...kafkaRestControllers,
        HealthController,
        MetricsController,
        DocsController,
        ...resources.flatMap(({ controllers }) => controllers),
      ],
      providers: [
        { provide: ControlStore, useFactory: () => parts.store },
        { provide: TopicAdmin, useFactory: () => parts.topics },
        { provide: ConnectorClasses, useFactory: () => parts.classes },
        { provide: CollectorTaps, useFactory: () => parts.taps },
        { provide: MetricsRegistry, useFactory: () => parts.metrics },
        { provide: LogThreshold, useFactory: () => parts.logThreshold },
        { provide: OpenApi, useFactory: () => parts.openApi },
        { provide: FurtherChecks, useFactory: () => parts.furtherChecks },
        ...kafkaRestProviders(parts),
        ...resources.flatMap(({ providers }) => providers?.(parts) ?? []),
      ],
    };
  }
}
