import type { Resource } from '../resource.js';
import { ClusterController } from './cluster-controller.js';

export const clusterResource: Resource = { controllers: [ClusterController] };
