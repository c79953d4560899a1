import type { ConsolePage } from '../../page.js';

export const collectorsPage: ConsolePage = {
  path: '/collectors',
  navigation: { label: 'Collectors', group: 'Flow', key: 'p', icon: 'M4 4h16l-6 8v7l-4 2v-9z' },
  routes: [
    { path: '/collectors', load: async () => import('./collectors-page.js') },
    { path: '/collectors/new', load: async () => import('./new-collector-page.js') },
    { path: '/collectors/:name', load: async () => import('./overview-page.js') },
    { path: '/collectors/:name/configuration', load: async () => import('./configuration-page.js') },
    { path: '/collectors/:name/try', load: async () => import('./try-page.js') },
    { path: '/collectors/:name/tap', load: async () => import('./tap-page.js') },
    { path: '/collectors/:name/history', load: async () => import('./history-page.js') },
  ],
};
