import type { ConsolePage } from '../../page.js';

export const collectorsPage: ConsolePage = {
  path: '/collectors',
  navigation: { label: 'Collectors', group: 'Flow', key: 'p', icon: 'M4 4h16l-6 8v7l-4 2v-9z' },
  routes: [{ path: '/collectors', load: async () => import('./collectors-page.js') }],
};
