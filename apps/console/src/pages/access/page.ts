import type { ConsolePage } from '../../page.js';

export const accessPage: ConsolePage = {
  path: '/access',
  navigation: { label: 'Access', group: 'Cluster', key: 'a', icon: 'M7 11V8a5 5 0 0 1 10 0v3M5 11h14v9H5zM12 15v2' },
  routes: [
    { path: '/access/users', load: async () => import('./users-view.js') },
    { path: '/access/keys', load: async () => import('./keys-view.js') },
    { path: '/access/roles', load: async () => import('./roles-view.js') },
    { path: '/access/acls', load: async () => import('./acls-view.js') },
    { path: '/access/quotas', load: async () => import('./quotas-view.js') },
    { path: '/access/audit', load: async () => import('./audit-view.js') },
    { path: '/access/read-only', load: async () => import('./read-only-view.js') },
    { path: '/access', load: async () => import('./me-view.js') },
  ],
};
