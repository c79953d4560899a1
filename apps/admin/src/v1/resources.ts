import type { Resource } from './resource.js';
import { eventsResource } from './events/resource.js';
import { securityResource } from './security/resource.js';
import { clusterResource } from './cluster/resource.js';
import { collectorsResource } from './collectors/resource.js';
import { deadLettersResource } from './dlq/resource.js';
import { filesResource } from './files/resource.js';
import { groupsResource } from './groups/resource.js';
import { jobsResource } from './jobs/resource.js';
import { recordsResource } from './records/resource.js';
import { sessionResource } from './session/resource.js';
import { sinksResource } from './sinks/resource.js';
import { topicsResource } from './topics/resource.js';
import { workersResource } from './workers/resource.js';

export const resources: readonly Resource[] = [
  collectorsResource,
  sinksResource,
  filesResource,
  deadLettersResource,
  jobsResource,
  topicsResource,
  recordsResource,
  groupsResource,
  workersResource,
  securityResource,
  sessionResource,
  eventsResource,
  clusterResource,
];
