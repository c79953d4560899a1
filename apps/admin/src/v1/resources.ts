import type { Resource } from './resource.js';
import { sinksResource } from './sinks/resource.js';

export const resources: readonly Resource[] = [sinksResource];
