import { SetMetadata, type CustomDecorator } from '@nestjs/common';

/**
 * One line for OpenAPI. Set under the key that @nestjs/swagger reads, instead of by its decorator, so that the package (240 ms) is
 * loaded only when somebody asks for the document.
 */
export function Summary(summary: string): CustomDecorator {
  return SetMetadata('swagger/apiOperation', { summary });
}

/** Heading under which OpenAPI shows the routes of a controller. */
export function Section(name: string): CustomDecorator {
  return SetMetadata('swagger/apiUseTags', [name]);
}
