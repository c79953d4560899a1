import type { Resource } from '../resource.js';
import { RecordsController } from './records-controller.js';

export const recordsResource: Resource = { controllers: [RecordsController] };
