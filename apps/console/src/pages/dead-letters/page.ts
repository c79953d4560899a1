import type { ConsolePage } from '../../page.js';

export const deadLettersPage: ConsolePage = {
  path: '/dead-letters',
  navigation: { label: 'Dead letters', group: 'Work', key: 'd', icon: 'M3 6h18v12H3zM3 7l9 7 9-7M4 20l16-16' },
  routes: [
    { path: '/dead-letters/:sink/:partition/:offset', load: async () => import('./letter-page.js') },
    { path: '/dead-letters/:sink', load: async () => import('./sink-letters-page.js') },
    { path: '/dead-letters', load: async () => import('./dead-letters-page.js') },
  ],
};
