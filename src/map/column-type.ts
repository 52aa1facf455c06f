import type { ColumnType } from '../core/table.ts';

const UNSUPPORTED: ColumnType = { kind: 'unsupported' };

/** Deeper nesting than any table has; keeps hostile text off the stack. */
const MOST_DEPTH = 100;

/** The text is not a type; caught where parsing starts. */
class MalformedType extends Error {}

/**
 * Reads a type as `system.columns` spells it. Never throws: what it does not know is `unsupported`, alone or inside a known type, and such
 * a column is left to its default. Geo types and SimpleAggregateFunction come back as what they are stored as, Nested as the array of
 * tuples it is.
 */
export function parseColumnType(text: string): ColumnType {
  try {
    const source: Source = { tokens: tokensOf(text), at: 0 };
    const type = readType(source, 0);
    return source.at === source.tokens.length ? type : UNSUPPORTED;
  } catch (error) {
    if (error instanceof MalformedType) return UNSUPPORTED;
    throw error;
  }
}

/** `quote` is '' for names, numbers and punctuation. */
interface Token {
  readonly text: string;
  readonly quote: string;
}

interface Source {
  readonly tokens: readonly Token[];
  at: number;
}

const TOKEN = /\s*(?:([A-Za-z_]\w*|-?\d+|[(),=.])|(['`"])((?:(?!\2)[^\\]|\\[\s\S])*)\2)\s*/y;

/** Escapes ClickHouse writes inside quotes; any other character after a backslash stands for itself. */
const ESCAPES: ReadonlyMap<string, string> = new Map(Object.entries({ n: '\n', t: '\t', r: '\r', 0: '\0', b: '\b', f: '\f' }));

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
    const found = TOKEN.exec(text);
    if (found === null) throw new MalformedType();
    const [, plain, quote = '', body = ''] = found;
    const unescaped = body.replaceAll(/\\([\s\S])/g, (_, character: string) => ESCAPES.get(character) ?? character);
    tokens.push({ text: plain ?? unescaped, quote });
  }
  return tokens;
}

function peek({ tokens, at }: Source, ahead = 0): Token | undefined {
  return tokens[at + ahead];
}

/** Reads `text`, unquoted, if it is next. */
function take(source: Source, text: string): boolean {
  const token = peek(source);
  if (token?.text !== text || token.quote !== '') return false;
  source.at++;
  return true;
}

function expect(source: Source, text: string): void {
  if (!take(source, text)) throw new MalformedType();
}

/** Reads a token in one of `quotes`; '' among them stands for a plain name. */
function name(source: Source, ...quotes: string[]): string {
  const token = peek(source);
  if (token === undefined || !quotes.includes(token.quote) || (token.quote === '' && !isName(token))) throw new MalformedType();
  source.at++;
  return token.text;
}

function isName(token: Token | undefined): boolean {
  return token?.quote === '' && /^[A-Za-z_]/.test(token.text);
}

function integer(source: Source, least: number, most: number): number {
  const token = peek(source);
  const value = token?.quote === '' && /^-?\d{1,15}$/.test(token.text) ? Number(token.text) : Number.NaN;
  if (!(value >= least && value <= most)) throw new MalformedType();
  source.at++;
  return value;
}

/** At least one item, separated by commas. */
function list<T>(source: Source, item: () => T): T[] {
  const items = [item()];
  while (take(source, ',')) items.push(item());
  return items;
}

/** Skips to `text` outside brackets. */
function skipTo(source: Source, text: string): void {
  for (let depth = 0; ; source.at++) {
    const token = peek(source);
    if (token === undefined) throw new MalformedType();
    if (token.quote !== '') continue;
    if (depth === 0 && token.text === text) return;
    if (token.text === '(') depth++;
    if (token.text === ')') depth--;
  }
}

function float(format: 'Float32' | 'Float64' | 'BFloat16'): ColumnType {
  return { kind: 'float', format };
}

function arrayOf(inner: ColumnType): ColumnType {
  return { kind: 'array', inner };
}

const POINT: ColumnType = { kind: 'tuple', elements: [{ type: float('Float64') }, { type: float('Float64') }] };

/** Types written without arguments. */
const PLAIN: ReadonlyMap<string, ColumnType> = new Map<string, ColumnType>([
  ...([8, 16, 32, 64, 128, 256] as const).flatMap(
    (bits): Array<[string, ColumnType]> => [
      [`Int${bits}`, { kind: 'int', bits, signed: true }],
      [`UInt${bits}`, { kind: 'int', bits, signed: false }],
    ],
  ),
  ['Bool', { kind: 'bool' }],
  ['Float32', float('Float32')],
  ['Float64', float('Float64')],
  ['BFloat16', float('BFloat16')],
  ['String', { kind: 'string' }],
  ['Date', { kind: 'date', wide: false }],
  ['Date32', { kind: 'date', wide: true }],
  ['DateTime', { kind: 'datetime' }],
  ['Time', { kind: 'time' }],
  ['UUID', { kind: 'uuid' }],
  ['IPv4', { kind: 'ipv4' }],
  ['IPv6', { kind: 'ipv6' }],
  ['Dynamic', { kind: 'dynamic' }],
  ['JSON', { kind: 'json', paths: new Map() }],
  ['Point', POINT],
  ['Ring', arrayOf(POINT)],
  ['LineString', arrayOf(POINT)],
  ['MultiLineString', arrayOf(arrayOf(POINT))],
  ['Polygon', arrayOf(arrayOf(POINT))],
  ['MultiPolygon', arrayOf(arrayOf(arrayOf(POINT)))],
]);

type Reader = (source: Source, depth: number) => ColumnType;

/** A `DecimalN(S)`. */
function decimalOf(precision: number): Reader {
  return (source) => ({ kind: 'decimal', precision, scale: integer(source, 0, precision) });
}

/** Types with arguments. Each reader starts after the opening bracket and leaves the closing one. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['Decimal', readDecimal],
  ['Decimal32', decimalOf(9)],
  ['Decimal64', decimalOf(18)],
  ['Decimal128', decimalOf(38)],
  ['Decimal256', decimalOf(76)],
  ['FixedString', (source) => ({ kind: 'fixed-string', bytes: integer(source, 1, 2 ** 31) })],
  ['DateTime', (source) => ({ kind: 'datetime', timezone: name(source, "'") })],
  ['DateTime64', readDateTime64],
  ['Time64', (source) => ({ kind: 'time64', precision: integer(source, 0, 9) })],
  ['Enum8', readEnum],
  ['Enum16', readEnum],
  ['Nullable', (source, depth) => ({ kind: 'nullable', inner: readType(source, depth) })],
  ['LowCardinality', (source, depth) => ({ kind: 'low-cardinality', inner: readType(source, depth) })],
  ['Array', (source, depth) => arrayOf(readType(source, depth))],
  ['Map', readMap],
  ['Tuple', readTuple],
  ['Nested', (source, depth) => arrayOf(readTuple(source, depth))],
  ['Variant', (source, depth) => ({ kind: 'variant', members: list(source, () => readType(source, depth)) })],
  ['Dynamic', readDynamic],
  ['JSON', readJson],
  ['SimpleAggregateFunction', readAggregated],
]);

function readType(source: Source, depth: number): ColumnType {
  if (depth > MOST_DEPTH) throw new MalformedType();
  const typeName = name(source, '');
  if (!take(source, '(')) return PLAIN.get(typeName) ?? UNSUPPORTED;
  const reader = READERS.get(typeName);
  if (take(source, ')')) return typeName === 'Tuple' ? { kind: 'tuple', elements: [] } : UNSUPPORTED;
  if (reader === undefined) skipTo(source, ')');
  const type = reader?.(source, depth + 1) ?? UNSUPPORTED;
  expect(source, ')');
  return type;
}

function readDecimal(source: Source): ColumnType {
  const precision = integer(source, 1, 76);
  return { kind: 'decimal', precision, scale: take(source, ',') ? integer(source, 0, precision) : 0 };
}

function readDateTime64(source: Source): ColumnType {
  const precision = integer(source, 0, 9);
  return take(source, ',') ? { kind: 'datetime64', precision, timezone: name(source, "'") } : { kind: 'datetime64', precision };
}

function readEnum(source: Source): ColumnType {
  const entries = list(source, (): [string, number] => {
    const text = name(source, "'");
    expect(source, '=');
    return [text, integer(source, -32_768, 32_767)];
  });
  return { kind: 'enum', values: new Map(entries) };
}

function readMap(source: Source, depth: number): ColumnType {
  const key = readType(source, depth);
  expect(source, ',');
  return { kind: 'map', key, value: readType(source, depth) };
}

/** Elements are types, or names and types: two names in a row are one of the latter. */
function readTuple(source: Source, depth: number): ColumnType {
  const elements = list(source, () => {
    const named = !isName(peek(source)) || isName(peek(source, 1));
    return named ? { name: name(source, '', '`', '"'), type: readType(source, depth) } : { type: readType(source, depth) };
  });
  return { kind: 'tuple', elements };
}

function readDynamic(source: Source): ColumnType {
  skipTo(source, ')');
  return { kind: 'dynamic' };
}

/** Parameters, paths with a type, and `SKIP` of paths that ClickHouse leaves out because the table says so. */
function readJson(source: Source, depth: number): ColumnType {
  const paths = new Map<string, ColumnType>();
  list(source, () => {
    const next = peek(source, 1);
    if (next?.text === '=' && next.quote === '') source.at += 3;
    else if (take(source, 'SKIP')) skipPath(source);
    else paths.set(readPath(source), readType(source, depth));
  });
  return { kind: 'json', paths };
}

function skipPath(source: Source): void {
  if (take(source, 'REGEXP')) name(source, "'");
  else readPath(source);
}

/** Keys joined by dots, each or all together in quotes. */
function readPath(source: Source): string {
  let path = name(source, '', '`');
  while (take(source, '.')) path += `.${name(source, '', '`')}`;
  return path;
}

function readAggregated(source: Source, depth: number): ColumnType {
  skipTo(source, ',');
  expect(source, ',');
  return readType(source, depth);
}
