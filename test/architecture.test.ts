/** Who may import what, how large a file may grow, and what may be touched where. The rules the folders stand for. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..', '..');

interface Source {
  /** Path below `src/`. */
  readonly path: string;
  readonly text: string;
  /** Paths below `src/` that are imported, and whether only as types. */
  readonly local: ReadonlyArray<{ readonly path: string; readonly typeOnly: boolean }>;
  readonly packages: readonly string[];
}

function filesBelow(directory: string): string[] {
  return readdirSync(join(ROOT, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.c?ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + directory.length + 2));
}

function read(path: string): Source {
  const text = readFileSync(join(ROOT, 'src', path), 'utf8');
  const imports = [...text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm)];
  const all = imports.map(([, type, from, dynamic]) => ({ typeOnly: type !== undefined, from: from ?? dynamic ?? '' }));
  return {
    path,
    text,
    local: all
      .filter(({ from }) => from.startsWith('.'))
      .map(({ from, typeOnly }) => ({ typeOnly, path: normalize(join(dirname(path), from)) })),
    packages: all.filter(({ from }) => !from.startsWith('.') && !from.startsWith('node:')).map(({ from }) => packageOf(from)),
  };
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

const sources = filesBelow('src').map(read);
const roomOf = (path: string): string => (path.includes('/') ? (path.split('/')[0] ?? '') : path);

/** A room and the rooms it may import besides itself. Types of the rooms in `types` may be imported too. */
const MAY_IMPORT: Record<string, { rooms: string[]; types?: string[] }> = {
  core: { rooms: [] },
  http: { rooms: ['core', 'respond', 'ops'], types: ['auth', 'pipeline.ts'] },
  auth: { rooms: ['core'] },
  decode: { rooms: ['core'] },
  schema: { rooms: ['core'] },
  map: { rooms: ['core'] },
  dedupe: { rooms: ['core'] },
  insert: { rooms: ['core'] },
  respond: { rooms: ['core'] },
  ops: { rooms: ['core'] },
  'pipeline.ts': { rooms: ['core'] },
  'explain.ts': { rooms: ['core'], types: ['pipeline.ts'] },
  'gateway.ts': {
    rooms: ['core', 'http', 'auth', 'decode', 'schema', 'map', 'dedupe', 'insert', 'respond', 'ops', 'pipeline.ts', 'explain.ts', 'wiring'],
  },
  wiring: { rooms: ['core', 'decode', 'schema', 'map', 'dedupe', 'insert', 'ops', 'pipeline.ts', 'explain.ts'] },
  'check-tables.ts': { rooms: ['core', 'http', 'auth', 'decode', 'schema', 'map', 'dedupe', 'insert', 'respond', 'ops', 'pipeline.ts'] },
  cli: { rooms: ['core', 'auth', 'ops', 'gateway.ts', 'check-tables.ts'] },
  'main.ts': { rooms: ['cli', 'ops', 'gateway.ts'] },
  'sluice.cts': { rooms: ['main.ts'] },
};

/** A package and the only places that may import it. */
const PACKAGE_FENCES: Record<string, RegExp> = {
  express: /^http\//,
  helmet: /^http\//,
  chdb: /^insert\/destinations\//,
  '@clickhouse/client': /^insert\/destinations\//,
  avsc: /^schema\/avro\//,
  '@kafkajs/confluent-schema-registry': /^schema\/registry/,
  protobufjs: /^schema\/protobuf\//,
  ajv: /^schema\/json\//,
  'ajv-draft-04': /^schema\/json\//,
  'ajv-formats': /^schema\/json\//,
  re2js: /^schema\/json\//,
  'lru-cache': /^schema\//,
  lmdb: /^dedupe\/ledgers\//,
  pino: /^ops\//,
  zod: /^ops\/config/,
  yaml: /^ops\/|^http\/openapi/,
};

test('rooms import only what the matrix allows', () => {
  const broken = sources.flatMap(({ path, local }) => {
    const room = roomOf(path);
    const rule = MAY_IMPORT[room];
    if (rule === undefined) return [`${path}: no rule for ${room}`];
    return local
      .filter((to) => {
        const target = roomOf(to.path);
        return target !== room && !rule.rooms.includes(target) && !(to.typeOnly && rule.types?.includes(target));
      })
      .map((to) => `${path} → ${to.path}`);
  });
  assert.deepEqual(broken, []);
});

test('every package is imported only behind its fence', () => {
  const broken = sources.flatMap(({ path, packages }) =>
    packages.filter((name) => !(PACKAGE_FENCES[name]?.test(path) ?? false)).map((name) => `${path} → ${name}`),
  );
  assert.deepEqual(broken, []);
});

test('the environment, arguments, signals and exit belong to main and the configuration', () => {
  const allowed = /^(main\.ts|sluice\.cts|ops\/config\/|ops\/config\.ts)/;
  const broken = sources
    .filter(({ path, text }) => !allowed.test(path) && /\bprocess\.(env|argv|on|once|exit|exitCode|stdout|stderr|cwd)\b/.test(text))
    .map(({ path }) => path);
  assert.deepEqual(broken, []);
});

test('files stay small and are named for one concept', () => {
  const lines = sources.map(({ path, text }) => ({ path, count: text.split('\n').length })).toSorted((a, b) => a.count - b.count);
  assert.deepEqual(
    lines.filter(({ count }) => count > 400).map(({ path }) => path),
    [],
  );
  const p90 = lines[Math.floor(lines.length * 0.9)];
  assert.ok((p90?.count ?? 0) <= 250, `the 90th percentile is ${p90?.count} lines (${p90?.path})`);
  const badNames = sources
    .map(({ path }) => path)
    .filter((path) => !/^([a-z0-9-]+\/)*[a-z0-9-]+\.c?ts$/.test(path) || /manager|helper|utils|service/.test(path));
  assert.deepEqual(badNames, []);
});

test('the high-risk rooms start with their invariant and its proof', () => {
  const silent = sources
    .filter(
      ({ path }) =>
        /^(dedupe|insert)\//.test(path) && /export (async )?function create/.test(readFileSync(join(ROOT, 'src', path), 'utf8')),
    )
    .filter(({ path }) => !/scratch|session-pool/.test(path))
    .filter(({ text }) => !/^\/\*\*[\s\S]*?Invariant:[\s\S]*?`test\/[\s\S]*?\*\//.test(text))
    .map(({ path }) => path);
  assert.deepEqual(silent, []);
});

test('sources name no machine, no loose end and no console', () => {
  const tests = filesBelow('test').map((path) => ({ path: `test/${path}`, text: readFileSync(join(ROOT, 'test', path), 'utf8') }));
  const loose = [...sources, ...tests]
    .filter(({ path }) => path !== 'test/architecture.test.ts')
    .filter(({ text }) => /\b(TODO|FIXME|XXX|HACK)\b|\/root\/|\/home\/|\/work\//.test(text))
    .map(({ path }) => path);
  assert.deepEqual(loose, []);
});

test('the lockfile names the embedded engine of every platform', () => {
  // npm can only lock what the registry it is pointed at has; without the entries `npm ci` fails everywhere.
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { optionalDependencies?: Record<string, string>; version?: string }>;
  };
  const wanted = packages['node_modules/chdb']?.optionalDependencies ?? {};
  assert.equal(Object.keys(wanted).length, 4);
  for (const [name, version] of Object.entries(wanted)) assert.equal(packages[`node_modules/${name}`]?.version, version, name);
});
