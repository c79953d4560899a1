import { stalledStore } from '../flows/stalled-store.js';

stalledStore({ lines: 150_000, linesPerSecond: 3_000, downSeconds: 25 });
