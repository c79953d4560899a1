import type { ConsolePage } from '../../page.js';

export const sinksPage: ConsolePage = {
  path: '/sinks',
  navigation: {
    label: 'Sinks',
    group: 'Flow',
    key: 's',
    icon: 'M12 4c4.4 0 8 1.3 8 3s-3.6 3-8 3-8-1.3-8-3 3.6-3 8-3zM4 7v10c0 1.7 3.6 3 8 3s8-1.3 8-3V7M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3',
  },
  routes: [
    { path: '/sinks', load: async () => import('./sinks-page.js') },
    { path: '/sinks/new', load: async () => import('./new-sink-page.js') },
    { path: '/sinks/:name', load: async () => import('./overview-page.js') },
    { path: '/sinks/:name/configuration', load: async () => import('./configuration-page.js') },
    { path: '/sinks/:name/offsets', load: async () => import('./offsets-page.js') },
    { path: '/sinks/:name/preview', load: async () => import('./preview-page.js') },
    { path: '/sinks/:name/history', load: async () => import('./history-page.js') },
  ],
};
