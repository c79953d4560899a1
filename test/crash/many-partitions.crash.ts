import { manyPartitions } from './many-partitions.js';

manyPartitions(2_000, 28_398, 180_000);
