import { restartWithData } from '../crash/restart.js';

restartWithData(
  { bytes: Number(process.env['GIBIBYTES'] ?? 10) * 2 ** 30, startMsMax: 30_000, port: 28_193 },
  30 * 60_000,
);
