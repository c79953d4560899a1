/** The OpenAPI document, made from the routes when it is first asked for: its package takes a quarter of a second to load. */
import type { INestApplication } from '@nestjs/common';
import { z } from 'zod';
import { productVersion } from '../product-version.js';
import { Problem } from './answers.js';
import { completed } from './open-api-rest.js';

export class OpenApi {
  private app: INestApplication | null = null;
  private made: Promise<object> | null = null;

  /** Called once, before the first request. */
  describe(app: INestApplication): void {
    this.app = app;
  }

  document(): Promise<object> {
    this.made ??= this.make();
    return this.made;
  }

  private async make(): Promise<object> {
    if (this.app === null) throw new Error('the application is not known yet');
    const { DocumentBuilder, SwaggerModule } = await import('@nestjs/swagger');
    const description = new DocumentBuilder()
      .setTitle('Millrace administration')
      .setDescription(
        'Sinks and collectors by the REST interface of Kafka Connect, topics and groups by that of the REST Proxy v3.',
      )
      .setVersion(productVersion)
      .setOpenAPIVersion('3.1.0')
      .build();
    const document = SwaggerModule.createDocument(this.app, description);
    const { $schema: _dialect, ...problem } = z.toJSONSchema(Problem);
    const schemas = { ...document.components?.schemas, Problem: problem };
    return completed({ ...document, components: { ...document.components, schemas } });
  }
}
