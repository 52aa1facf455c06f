/**
 * `npm run demo`: real public data (the films and flights of the package vega-datasets) through a running gateway, as the Confluent
 * HTTP Sink sends it: JSON arrays of 500 records, one request at a time for each of four tasks.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';

const BATCH = 500;
const TASKS = 4;
const dataDirectory = join(import.meta.dirname, '..', '..', '..', 'node_modules', 'vega-datasets', 'data');

async function post(gateway: GatewayProcess, topic: string, records: unknown[]): Promise<number> {
  const response = await fetch(`${gateway.url}/v1/topics/${topic}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': gateway.key },
    body: JSON.stringify(records),
  });
  const answer = (await response.json()) as { accepted?: number; detail?: string };
  if (!response.ok) throw new Error(`${topic}: ${response.status} ${answer.detail}`);
  return answer.accepted ?? 0;
}

async function query(gateway: GatewayProcess, sql: string): Promise<unknown[]> {
  const response = await fetch(`${gateway.url}/v1/query`, { method: 'POST', headers: { 'x-api-key': gateway.key }, body: sql });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

async function stream(gateway: GatewayProcess, topic: string, file: string): Promise<void> {
  const records = JSON.parse(readFileSync(join(dataDirectory, file), 'utf8')) as unknown[];
  const started = performance.now();
  let accepted = await post(gateway, topic, records.slice(0, BATCH));
  let next = BATCH;
  const task = async (): Promise<void> => {
    while (next < records.length) {
      const from = next;
      next += BATCH;
      const stored = await post(gateway, topic, records.slice(from, from + BATCH));
      accepted += stored;
    }
  };
  await Promise.all(Array.from({ length: TASKS }, task));
  const seconds = (performance.now() - started) / 1000;
  const [count] = (await query(gateway, `SELECT count() AS n FROM ${topic}`)) as Array<{ n: string }>;
  console.log(
    `${topic}: ${records.length} records sent, ${accepted} accepted, ${count?.n} rows in ClickHouse, ${Math.round(accepted / seconds)} rows/s`,
  );
}

const gateway = await startGatewayProcess();
try {
  await stream(gateway, 'movies', 'movies.json');
  await stream(gateway, 'flights', 'flights-200k.json');
  console.log('\nThe table the first 500 films made:');
  for (const column of await query(gateway, "SELECT name, type FROM system.columns WHERE table = 'movies' ORDER BY position"))
    console.log(' ', JSON.stringify(column));
  console.log('\nThe best-rated genres:');
  const best = `SELECT "Major Genre" AS genre, count() AS films, round(avg("IMDB Rating"), 2) AS rating FROM movies
    WHERE genre IS NOT NULL AND "IMDB Rating" IS NOT NULL GROUP BY genre ORDER BY rating DESC LIMIT 3`;
  for (const row of await query(gateway, best)) console.log(' ', JSON.stringify(row));
  console.log('\nThe longest delays by distance:');
  const delays =
    'SELECT intDiv(distance, 1000) * 1000 AS miles, count() AS flights, max(delay) AS worst FROM flights GROUP BY miles ORDER BY miles LIMIT 3';
  for (const row of await query(gateway, delays)) console.log(' ', JSON.stringify(row));
} finally {
  await gateway.stop();
}
