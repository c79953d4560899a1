import type { Resource } from '../resource.js';
import { GroupsController } from './groups-controller.js';

export const groupsResource: Resource = { controllers: [GroupsController] };
