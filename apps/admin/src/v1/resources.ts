import type { Resource } from './resource.js';

export const resources: readonly Resource[] = [];
