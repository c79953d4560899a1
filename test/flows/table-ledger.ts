import pg from 'pg';
import { Ledger } from './line-writer.js';

/** What the table `lines` holds, by the number of the line. */
export async function readTable(databaseUrl: string, lines: number): Promise<Ledger> {
  const ledger = new Ledger(lines);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ n: string; times: string }>(
      'SELECT n, count(*) AS times FROM lines GROUP BY n',
    );
    for (const row of rows) ledger.add(Number(row.n), Number(row.times));
  } finally {
    await client.end();
  }
  return ledger;
}
