import { stalledStore } from '../flows/stalled-store.js';

stalledStore({ lines: 900_000, linesPerSecond: 5_000, downSeconds: 120 });
