import { killLoop } from '../flows/kill-loop.js';

killLoop({ lines: 1_000_000, linesPerSecond: 8_000, kills: 10 });
