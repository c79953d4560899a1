import { manyPartitions } from '../crash/many-partitions.js';

manyPartitions(Number(process.env['PARTITIONS'] ?? 10_000), 28_194, 10 * 60_000);
