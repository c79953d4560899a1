import type { ConsolePage } from '../../page.js';

export const workersPage: ConsolePage = {
  path: '/workers',
  navigation: { label: 'Workers', group: 'Cluster', key: 'w', icon: 'M5 4h14v6H5zM5 14h14v6H5zM8 7h.01M8 17h.01' },
  routes: [{ path: '/workers', load: async () => import('./workers-page.js') }],
};
