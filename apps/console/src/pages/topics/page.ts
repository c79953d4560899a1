import type { ConsolePage } from '../../page.js';

export const topicsPage: ConsolePage = {
  path: '/topics',
  navigation: { label: 'Topics', group: 'Flow', key: 't', icon: 'M4 6h16M4 12h16M4 18h16M8 4v4M14 10v4M10 16v4' },
  routes: [
    { path: '/topics/:topic/records', load: async () => import('./records/records-page.js') },
    { path: '/topics/:topic/partitions', load: async () => import('./topic-partitions.js') },
    { path: '/topics/:topic/configs', load: async () => import('./topic-configs.js') },
    { path: '/topics/:topic/groups', load: async () => import('./topic-groups.js') },
    { path: '/topics/:topic', load: async () => import('./topic-overview.js') },
    { path: '/topics', load: async () => import('./topics-page.js') },
  ],
};
