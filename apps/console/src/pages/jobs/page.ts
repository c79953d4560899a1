import type { ConsolePage } from '../../page.js';

export const jobsPage: ConsolePage = {
  path: '/jobs',
  navigation: { label: 'Jobs', group: 'Work', key: 'j', icon: 'M12 7v5l3 3M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z' },
  routes: [
    { path: '/jobs', load: async () => import('./jobs-page.js') },
    { path: '/jobs/new', load: async () => import('./new-job-page.js') },
    { path: '/jobs/:id', load: async () => import('./job-page.js') },
  ],
};
