import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Destination, DestinationError } from '../../../src/core/ports.ts';
import { createEmbeddedDestination } from '../../../src/insert/destinations/embedded.ts';
import { createScratch } from '../../../src/insert/destinations/scratch.ts';

const config = { embedded: true, database: 'default', maxMemoryBytes: 2 ** 31 } as const;
const directory = mkdtempSync('/tmp/sluice-embedded-');
let destination: Destination;

before(async () => {
  destination = await createEmbeddedDestination(config, directory);
  await destination.execute('CREATE TABLE t (id UInt8) ENGINE = MergeTree ORDER BY id');
});
after(async () => {
  await destination.close();
  rmSync(directory, { recursive: true, force: true });
});

const query = async (sql: string): Promise<string> => String(await destination.queryReadOnly?.(sql));

test('a read-only query answers rows as JSON lines', async () => {
  assert.equal(await query('SELECT number AS n, toString(number) AS text FROM numbers(2)'), '{"n":"0","text":"0"}\n{"n":"1","text":"1"}\n');
  assert.equal(await query('WITH 1 AS x SELECT x AS one'), '{"one":1}\n');
  assert.equal(await query("SELECT 'INSERT INTO OUTFILE file(' AS text"), '{"text":"INSERT INTO OUTFILE file("}\n');
  assert.equal(await query('EXISTS TABLE t'), '{"result":1}\n');
});

test('a query that writes, leaves the engine or changes the session is refused', async () => {
  const target = join(directory, 'out.txt');
  const refused = [
    'INSERT INTO t VALUES (1)',
    'DROP TABLE t',
    'CREATE TABLE u (id UInt8) ENGINE = Memory',
    'SET readonly = 0',
    'SELECT 1 SETTINGS readonly = 0',
    `SELECT 1 INTO OUTFILE '${target}'`,
    `SELECT 1 into /* x */ outfile '${target}'`,
    "SELECT file('/etc/hostname')",
    "SELECT `file`('/etc/hostname')",
    "SELECT * FROM file('/etc/hostname', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM s3('http://127.0.0.1:1/b/x')",
    "SELECT * FROM remote('127.0.0.1', 'system.one')",
    "SELECT * FROM executable('x', 'TSV', 'a String')",
    'SELECT 1 FORMAT CSV',
    'SELECT 1; SELECT 2',
    'KILL QUERY WHERE 1',
    'SYSTEM SHUTDOWN',
    'USE system',
    '',
    'not sql',
  ];
  for (const sql of refused) {
    await assert.rejects(query(sql), (error) => error instanceof DestinationError && !/hostname|127\.0|SELECT 1/.test(error.message), sql);
  }
  assert.equal(existsSync(target), false);
  assert.equal(await query('SELECT count() AS n FROM t'), '{"n":"0"}\n');
});

test('a query is cut off before it fills the memory', async () => {
  await assert.rejects(
    query('SELECT repeat(toString(number), 1000) FROM numbers(1000000)'),
    (error) => error instanceof DestinationError && error.clickhouseCode === 396,
  );
});

test('a second process on the data directory is told so', () => {
  const code = `import('${new URL('../../../src/insert/destinations/embedded.js', import.meta.url).href}')
    .then((m) => m.createEmbeddedDestination(${JSON.stringify(config)}, ${JSON.stringify(directory)}))
    .then(() => console.log('opened'), (error) => console.log(error.message)).then(() => process.exit(0))`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8', timeout: 20_000 });
  assert.equal(stdout.trim(), `The data directory is in use by process ${process.pid}: stop it, or set data to another directory`);
});

test('what is stored survives closing and opening again', async () => {
  const own = mkdtempSync('/tmp/sluice-reopen-');
  const code = `import { createEmbeddedDestination } from '${new URL('../../../src/insert/destinations/embedded.js', import.meta.url).href}';
    const d = await createEmbeddedDestination(${JSON.stringify(config)}, ${JSON.stringify(own)});
    await d.execute('CREATE TABLE IF NOT EXISTS kept (id UInt8) ENGINE = MergeTree ORDER BY id SETTINGS fsync_after_insert = 1');
    await d.insert({ table: { database: 'default', table: 'kept' }, columns: ['id'], data: [Buffer.from('{"id":7}\\n')], format: 'JSONEachRow', rowCount: 1, queryId: 'b' + process.pid, token: 't' + process.pid });
    console.log(JSON.stringify(await d.select('SELECT id FROM kept')));
    await d.close();`;
  const run = (): string =>
    spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8', timeout: 20_000 }).stdout.trim();
  assert.equal(run(), '[{"id":7}]');
  assert.equal(run(), '[{"id":7},{"id":7}]');
  rmSync(own, { recursive: true, force: true });
});

test('scratch space left by a process that is gone is removed, that of a living one kept', () => {
  const root = '/dev/shm';
  const gone = join(root, 'sluice-gone00');
  const living = join(root, 'sluice-living');
  for (const [path, pid] of [
    [gone, 2 ** 22 + 1],
    [living, process.pid],
  ] as const) {
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'pid'), String(pid));
  }
  const before = new Set(readdirSync(root));
  const scratch = createScratch(directory);
  const made = readdirSync(root).filter((name) => !before.has(name));
  assert.deepEqual([existsSync(gone), existsSync(living), made.length], [false, true, 1]);
  scratch.close();
  assert.equal(existsSync(join(root, made[0] ?? '')), false);
  rmSync(living, { recursive: true });
});

test('a scratch file holds exactly what was written last, keeps a little room and gives more than that back', () => {
  const scratch = createScratch(directory);
  const file = scratch.open('block');
  const texts = [['aaaa\n', 'bb\n'], ['c\n'], ['dddd\n', 'eeee\n', 'f\n'], []];
  const seen = texts.map((parts) => {
    file.write(parts.map((part) => Buffer.from(part)));
    const text = readFileSync(file.path, 'utf8');
    file.clear();
    return text;
  });
  assert.deepEqual(seen, ['aaaa\nbb\n', 'c\n', 'dddd\neeee\nf\n', '']);
  file.write([Buffer.alloc(3_000_000)]);
  file.clear();
  assert.equal(statSync(file.path).size, 3_000_000);
  file.write([Buffer.alloc(3_000_000), Buffer.alloc(2_000_000)]);
  file.clear();
  assert.equal(statSync(file.path).size, 0);
  scratch.close();
});
