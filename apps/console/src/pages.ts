import type { ConsolePage } from './page.js';
import { accessPage } from './pages/access/page.js';
import { collectorsPage } from './pages/collectors/page.js';
import { deadLettersPage } from './pages/dead-letters/page.js';
import { filesPage } from './pages/files/page.js';
import { groupsPage } from './pages/groups/page.js';
import { jobsPage } from './pages/jobs/page.js';
import { sinksPage } from './pages/sinks/page.js';
import { topicsPage } from './pages/topics/page.js';
import { topologyPage } from './pages/topology/page.js';
import { workersPage } from './pages/workers/page.js';

/** In the order of the navigation. */
export const pages: readonly ConsolePage[] = [
  topologyPage,
  topicsPage,
  groupsPage,
  collectorsPage,
  sinksPage,
  deadLettersPage,
  jobsPage,
  filesPage,
  workersPage,
  accessPage,
];
