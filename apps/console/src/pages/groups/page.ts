import type { ConsolePage } from '../../page.js';

export const groupsPage: ConsolePage = {
  path: '/groups',
  navigation: {
    label: 'Groups',
    group: 'Flow',
    key: 'g',
    icon: 'M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM3 20a6 6 0 0 1 12 0M16 6a3 3 0 0 1 0 5.500M21 19a5.5 5.5 0 0 0-3.5-5',
  },
  routes: [
    { path: '/groups', load: async () => import('./groups-page.js') },
    { path: '/groups/:group', load: async () => import('./overview-page.js') },
    { path: '/groups/:group/members', load: async () => import('./members-page.js') },
    { path: '/groups/:group/offsets', load: async () => import('./offsets-page.js') },
  ],
};
