import { killedTransactions } from './killed-transactions.js';

killedTransactions({ seconds: 30, port: 28_492, seed: Number(process.env['SEED'] ?? Date.now() % 2 ** 31) });
