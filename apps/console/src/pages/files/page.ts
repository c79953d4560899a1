import type { ConsolePage } from '../../page.js';

export const filesPage: ConsolePage = {
  path: '/files',
  navigation: {
    label: 'Files',
    group: 'Work',
    key: 'f',
    icon: 'M3 7a2 2 0 0 1 2-2h4l2 2h8a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z',
  },
  routes: [
    { path: '/files', load: async () => import('./files-page.js') },
    { path: '/files/:name', load: async () => import('./sink-files-page.js') },
  ],
};
