import type { ColumnType } from '../core/table.ts';

const UNSUPPORTED: ColumnType = { kind: 'unsupported' };

/**
 * Reads a type as `system.columns` spells it. Never throws: what it does not know is `unsupported`, and such a column is left to its
 * default. Geo types and SimpleAggregateFunction come back as what they are stored as.
 */
export function parseColumnType(text: string): ColumnType {
  const parts = split(text.trim());
  return parts === undefined ? UNSUPPORTED : build(parts.name, parts.args);
}

/** `Name(arg, arg)` into the name and its arguments; undefined when brackets or quotes do not match. */
function split(text: string): { name: string; args: string[] } | undefined {
  const open = text.indexOf('(');
  if (open === -1) return { name: text, args: [] };
  if (!text.endsWith(')')) return undefined;
  const args = splitTop(text.slice(open + 1, -1), ',');
  return args === undefined ? undefined : { name: text.slice(0, open), args };
}

/** Splits at `separator` outside brackets and quotes. */
function splitTop(text: string, separator: string): string[] | undefined {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === "'" || c === '`' || c === '"') {
      i = endOfQuote(text, i);
      if (i === -1) return undefined;
    } else if (c === '(') depth++;
    else if (c === ')') depth--;
    else if (c === separator && depth === 0) {
      parts.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  const last = text.slice(start).trim();
  return depth !== 0 ? undefined : last === '' && parts.length === 0 ? [] : [...parts, last];
}

function endOfQuote(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === text[start]) return i;
  }
  return -1;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '0': '\0', b: '\b', f: '\f' };

/** Text of a quoted literal or identifier, or the text itself. */
function unquote(text: string): string {
  const quoted = /^(['`"])([\s\S]*)\1$/.exec(text)?.[2];
  return quoted === undefined ? text : quoted.replaceAll(/\\([\s\S])/g, (_, c: string) => ESCAPES[c] ?? c);
}

const POINT: ColumnType = { kind: 'tuple', elements: [{ type: float('Float64') }, { type: float('Float64') }] };

function float(format: 'Float32' | 'Float64' | 'BFloat16'): ColumnType {
  return { kind: 'float', format };
}

function arrayOf(inner: ColumnType): ColumnType {
  return { kind: 'array', inner };
}

/** Types without arguments. */
const PLAIN: Readonly<Record<string, ColumnType>> = {
  Bool: { kind: 'bool' },
  Float32: float('Float32'),
  Float64: float('Float64'),
  BFloat16: float('BFloat16'),
  String: { kind: 'string' },
  Date: { kind: 'date', wide: false },
  Date32: { kind: 'date', wide: true },
  DateTime: { kind: 'datetime' },
  Time: { kind: 'time' },
  UUID: { kind: 'uuid' },
  IPv4: { kind: 'ipv4' },
  IPv6: { kind: 'ipv6' },
  Dynamic: { kind: 'dynamic' },
  JSON: { kind: 'json', paths: new Map() },
  Point: POINT,
  Ring: arrayOf(POINT),
  LineString: arrayOf(POINT),
  MultiLineString: arrayOf(arrayOf(POINT)),
  Polygon: arrayOf(arrayOf(POINT)),
  MultiPolygon: arrayOf(arrayOf(arrayOf(POINT))),
};

/** Digits a `DecimalN(S)` has. */
const DECIMAL_PRECISION: Readonly<Record<string, number>> = { Decimal32: 9, Decimal64: 18, Decimal128: 38, Decimal256: 76 };

function build(name: string, args: readonly string[]): ColumnType {
  const [first = '', second = ''] = args;
  const integer = /^(U?)Int(8|16|32|64|128|256)$/.exec(name);
  if (integer !== null) return { kind: 'int', bits: Number(integer[2]) as 8, signed: integer[1] === '' };
  if (args.length === 0) return Object.hasOwn(PLAIN, name) ? PLAIN[name]! : UNSUPPORTED;
  if (Object.hasOwn(DECIMAL_PRECISION, name)) return { kind: 'decimal', precision: DECIMAL_PRECISION[name]!, scale: Number(first) };
  switch (name) {
    case 'Decimal':
      return { kind: 'decimal', precision: Number(first), scale: second === '' ? 0 : Number(second) };
    case 'FixedString':
      return { kind: 'fixed-string', bytes: Number(first) };
    case 'DateTime':
      return { kind: 'datetime', timezone: unquote(first) };
    case 'DateTime64':
      return { kind: 'datetime64', precision: Number(first), ...(second === '' ? {} : { timezone: unquote(second) }) };
    case 'Time64':
      return { kind: 'time64', precision: Number(first) };
    case 'Enum8':
    case 'Enum16':
      return enumOf(args);
    default:
      return wrapper(name, args);
  }
}

function wrapper(name: string, args: readonly string[]): ColumnType {
  const [first = '', second = ''] = args;
  switch (name) {
    case 'Nullable':
      return { kind: 'nullable', inner: parseColumnType(first) };
    case 'LowCardinality':
      return { kind: 'low-cardinality', inner: parseColumnType(first) };
    case 'Array':
      return arrayOf(parseColumnType(first));
    case 'Map':
      return { kind: 'map', key: parseColumnType(first), value: parseColumnType(second) };
    case 'Tuple':
      return { kind: 'tuple', elements: args.map(elementOf) };
    case 'Nested':
      return arrayOf({ kind: 'tuple', elements: args.map(elementOf) });
    case 'Variant':
      return { kind: 'variant', members: args.map(parseColumnType) };
    case 'Dynamic':
      return { kind: 'dynamic' };
    case 'JSON':
      return { kind: 'json', paths: pathsOf(args) };
    case 'SimpleAggregateFunction':
      return parseColumnType(second);
    default:
      return UNSUPPORTED;
  }
}

function enumOf(args: readonly string[]): ColumnType {
  const values = new Map<string, number>();
  for (const arg of args) {
    const [, name, value] = /^('(?:[^'\\]|\\[\s\S])*')\s*=\s*(-?\d+)$/.exec(arg) ?? [];
    if (name === undefined) return UNSUPPORTED;
    values.set(unquote(name), Number(value));
  }
  return { kind: 'enum', values };
}

/** An element of a tuple: a type, or a name and a type. A type never has a blank before its bracket. */
function elementOf(arg: string): { name?: string; type: ColumnType } {
  const quoted = /^(`(?:[^`\\]|\\[\s\S])*`|"(?:[^"\\]|\\[\s\S])*")\s+([\s\S]+)$/.exec(arg);
  const [, name, type] = quoted ?? /^([A-Za-z_]\w*)\s+([\s\S]+)$/.exec(arg) ?? [];
  return name === undefined || type === undefined ? { type: parseColumnType(arg) } : { name: unquote(name), type: parseColumnType(type) };
}

/** Typed paths of `JSON(max_dynamic_paths=8, a.b UInt32, SKIP c)`. */
function pathsOf(args: readonly string[]): ReadonlyMap<string, ColumnType> {
  const paths = new Map<string, ColumnType>();
  for (const arg of args) {
    if (arg.startsWith('SKIP ') || /^\w+\s*=/.test(arg)) continue;
    const [, path, type] = /^((?:`[^`]+`|[^\s`]+)+)\s+([\s\S]+)$/.exec(arg) ?? [];
    if (path !== undefined && type !== undefined) paths.set(path.replaceAll('`', ''), parseColumnType(type));
  }
  return paths;
}
