import { killLoop } from '../flows/kill-loop.js';

// The figures that CI has time for; test/long has the issue's own.
killLoop({ lines: 200_000, linesPerSecond: 8_000, kills: 4 });
