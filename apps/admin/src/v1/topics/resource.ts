import type { Resource } from '../resource.js';
import { NativeTopicsController } from './topics-controller.js';

export const topicsResource: Resource = { controllers: [NativeTopicsController] };
