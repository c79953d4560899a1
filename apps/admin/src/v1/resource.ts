/** A part of `/api/v1`: its routes and what they are made of. Adding one is a folder beside this file and a line in `resources.ts`. */
import type { Provider, Type } from '@nestjs/common';
import type { AdminParts } from '../admin-parts.js';

export interface Resource {
  readonly controllers: readonly Type[];
  /** Beside those of `AdminModule`. Default: none. */
  readonly providers?: (parts: AdminParts) => readonly Provider[];
  /** Called when the server is up, for what has a life of its own; what it gives back is stopped before the server closes. */
  readonly start?: (parts: AdminParts) => Promise<{ stop(): Promise<void> }>;
}
