import type { ConsolePage } from '../../page.js';

export const topologyPage: ConsolePage = {
  path: '/',
  navigation: {
    label: 'Topology',
    group: 'Flow',
    key: 'h',
    icon: 'M4 6h5v5H4zM15 4h5v5h-5zM15 15h5v5h-5zM9 8.5h6M12 8.500v9h3',
  },
  routes: [{ path: '/', load: async () => import('./topology-page.js') }],
};
