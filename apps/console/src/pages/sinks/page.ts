import type { ConsolePage } from '../../page.js';

export const sinksPage: ConsolePage = {
  path: '/sinks',
  navigation: {
    label: 'Sinks',
    group: 'Flow',
    key: 's',
    icon: 'M12 4c4.4 0 8 1.3 8 3s-3.6 3-8 3-8-1.3-8-3 3.6-3 8-3zM4 7v10c0 1.7 3.6 3 8 3s8-1.3 8-3V7M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3',
  },
  routes: [{ path: '/sinks', load: async () => import('./sinks-page.js') }],
};
