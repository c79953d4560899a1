import { restartWithData } from './restart.js';

restartWithData({ bytes: 2 ** 30, startMsMax: 10_000, port: 28_397 }, 180_000);
