import type { ConsolePage } from '../../page.js';

export const accessPage: ConsolePage = {
  path: '/access',
  navigation: { label: 'Access', group: 'Cluster', key: 'a', icon: 'M7 11V8a5 5 0 0 1 10 0v3M5 11h14v9H5zM12 15v2' },
  routes: [{ path: '/access', load: async () => import('./access-page.js') }],
};
