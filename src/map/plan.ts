import type { ColumnRule, PipelineConfig } from '../core/config.ts';
import { GatewayError } from '../core/errors.ts';
import type { Shape } from '../core/json-tape.ts';
import { type Column, OWN_PREFIX, type TableSchema } from '../core/table.ts';
import { type Cell, type CellOptions, createFault, type Fault, type Losses } from './cell.ts';
import { nestedCells } from './cells/nested.ts';
import { compileCell } from './compile-cell.ts';
import { droppedFields } from './dropped.ts';
import { compileInto, type IntoColumn } from './into.ts';

/** A column that can be written, and its check. */
export interface Target {
  readonly column: string;
  readonly cell: Cell;
  /** A row may leave it out: NULL, empty, or the table's own DEFAULT is meant then. */
  readonly optional: boolean;
}

/** Fields inside an object that go to columns: by key, a column, more of them below, or both. */
export interface PathTree {
  target?: Target;
  readonly below: Map<string, PathTree>;
}

/** What becomes of one key of a record. */
export type Action =
  | { readonly do: 'store'; readonly target: Target; readonly renamed: boolean }
  | { readonly do: 'drop' }
  | { readonly do: 'unknown' }
  /** An array of objects: each of the columns of a Nested takes one key of all of them. */
  | { readonly do: 'spread'; readonly targets: readonly Target[] }
  /** Parts of the object go to columns of their own; `target` takes the whole of it besides. */
  | { readonly do: 'paths'; readonly tree: PathTree; readonly target: Target | undefined };

/** What becomes of all records with the same keys. */
export interface ShapePlan {
  readonly shape: Shape;
  readonly actions: readonly Action[];
  /** The record's own text can be the row, if every value's can. */
  readonly verbatim: boolean;
  /** Columns that must have a value and that no key leads to. */
  readonly missing: readonly string[];
  /** A column that two keys lead to. */
  readonly conflict: string | undefined;
  /** Keys without a column. */
  readonly unknown: readonly string[];
}

/** How records of one pipeline become rows of one table. */
export interface MapPlan {
  readonly table: TableSchema;
  readonly pipeline: PipelineConfig;
  /** The columns every INSERT lists: what a row leaves out of them takes its DEFAULT, NULL or empty value. */
  readonly columns: readonly string[];
  /** Columns that are filled from inside objects and must have a value. */
  readonly requiredPaths: ReadonlySet<string>;
  /** Filled by the check that failed last. */
  readonly fault: Fault;
  /** Set by checks of values that lose digits; absent where such are refused. */
  readonly losses: Losses | undefined;
  /** The column all unknown fields go to together. */
  readonly into: IntoColumn | undefined;
  of(shape: Shape): ShapePlan;
}

/**
 * Compiles a table and a pipeline's rules. Work that depends on the keys of records is done once for each shape.
 * @throws GatewayError `table_unsuitable` when a rule does not fit the table.
 */
export function compilePlan(table: TableSchema, pipeline: PipelineConfig): MapPlan {
  const fault = createFault();
  const losses = pipeline.onLossy === 'report' ? { seen: false } : undefined;
  const within: Within = losses === undefined ? { pipeline, fault } : { pipeline, fault, losses };
  const targets = new Map(table.columns.filter(isWritable).map((column) => [column.name, targetOf(column, within)]));
  checkRules(table, pipeline, targets);
  const { roots, moved } = pathsOf(pipeline, targets);
  const into = intoOf(table, pipeline, fault);
  const dropped = droppedFields(pipeline);
  const requiredPaths = new Set([...moved].filter((column) => isDeep(pipeline.columns[column]) && targets.get(column)?.optional === false));

  const nested = nestedTargets(table, targets, within);
  const withoutOwn = (key: string): Action => {
    const spread = nested.get(key);
    return spread === undefined ? { do: 'unknown' } : { do: 'spread', targets: spread };
  };
  const actionFor = (key: string): Action => {
    if (dropped.has(key)) return { do: 'drop' };
    const own = moved.has(key) || key === into?.column ? undefined : targets.get(key);
    const tree = roots.get(key);
    if (tree === undefined) return own === undefined ? withoutOwn(key) : { do: 'store', target: own, renamed: false };
    if (tree.below.size > 0) return { do: 'paths', tree, target: tree.target ?? own };
    return tree.target === undefined ? { do: 'unknown' } : { do: 'store', target: tree.target, renamed: true };
  };

  const plans = new WeakMap<Shape, ShapePlan>();
  const compileShape = (shape: Shape): ShapePlan => {
    const actions = shape.keys.map(actionFor);
    const taken = actions.flatMap((action) => {
      if (action.do === 'spread') return action.targets.map(({ column }) => column);
      return 'target' in action && action.target !== undefined ? [action.target.column] : [];
    });
    const given = new Set(taken);
    const conflict = taken.find((column, i) => taken.indexOf(column) !== i);
    const mustBeGiven = ({ column, optional }: Target): boolean =>
      !optional && !given.has(column) && !requiredPaths.has(column) && column !== into?.column;
    const missing = [...targets.values()].filter(mustBeGiven).map(({ column }) => column);
    return {
      shape,
      actions,
      verbatim: actions.every((action) => action.do === 'store' && !action.renamed),
      missing: [...missing, ...[...requiredPaths].filter((column) => isUnreachable(column, roots, shape))],
      conflict,
      unknown: shape.keys.filter((_, i) => actions[i]?.do === 'unknown'),
    };
  };

  return {
    table,
    pipeline,
    columns: [...targets.keys()],
    requiredPaths,
    fault,
    losses,
    into,
    of(shape) {
      let plan = plans.get(shape);
      if (plan === undefined) {
        plan = compileShape(shape);
        plans.set(shape, plan);
      }
      return plan;
    },
  };
}

function isWritable({ name, defaultKind, type }: Column): boolean {
  if (name.startsWith(OWN_PREFIX)) return false;
  if (defaultKind === 'MATERIALIZED' || defaultKind === 'ALIAS') return false;
  // Left out of the INSERT, such a column takes its default; a field for it is unknown.
  return type.kind !== 'unsupported';
}

/** What all cells of a plan share. */
interface Within {
  readonly pipeline: PipelineConfig;
  readonly fault: Fault;
  readonly losses?: Losses;
}

function optionsOf({ pipeline, ...shared }: Within): CellOptions {
  return { ...shared, unknownNested: pipeline.unknownFields.do === 'ignore' ? 'ignore' : 'reject' };
}

function targetOf(column: Column, within: Within): Target {
  const unit = within.pipeline.columns[column.name]?.unit;
  const cell = compileCell(column.type, { ...optionsOf(within), ...(unit === undefined ? {} : { unit }) });
  return { column: column.name, cell, optional: column.defaultKind !== '' || cell.optional };
}

/** The columns of each Nested by its name: ClickHouse has them flattened, as `name.key` of type Array. */
function nestedTargets(table: TableSchema, targets: ReadonlyMap<string, Target>, within: Within): ReadonlyMap<string, readonly Target[]> {
  const options = optionsOf(within);
  const columns = new Map<string, Array<{ column: string; key: string; cell: Cell }>>();
  for (const { name, type } of table.columns) {
    const dot = name.indexOf('.');
    if (dot <= 0 || type.kind !== 'array' || !targets.has(name)) continue;
    const of = name.slice(0, dot);
    columns.set(of, [...(columns.get(of) ?? []), { column: name, key: name.slice(dot + 1), cell: compileCell(type.inner, options) }]);
  }
  return new Map(
    [...columns].map(([of, all]) => {
      const cells = nestedCells(all, options);
      return [of, all.map(({ column }, i) => ({ column, cell: cells[i]!, optional: true }))];
    }),
  );
}

function checkRules(table: TableSchema, pipeline: PipelineConfig, targets: ReadonlyMap<string, Target>): void {
  const fail = (column: string, what: string): never => {
    const { database, table: name } = table.name;
    throw new GatewayError('table_unsuitable', `Pipeline ${pipeline.name}, columns.${column}: the table ${database}.${name} ${what}`);
  };
  for (const [name, rule] of Object.entries(pipeline.columns)) {
    if (rule.drop === true || targets.has(name)) continue;
    fail(name, 'has no such column that can be written: add it, or take the rule out');
  }
}

function intoOf(table: TableSchema, pipeline: PipelineConfig, fault: Fault): IntoColumn | undefined {
  const { unknownFields } = pipeline;
  if (unknownFields.do !== 'into') return undefined;
  const column = table.columns.find(({ name }) => name === unknownFields.column);
  const into = column === undefined ? undefined : compileInto(column, { fault, unknownNested: 'reject' });
  if (into !== undefined) return into;
  const where = `${table.name.database}.${table.name.table}`;
  throw new GatewayError(
    'table_unsuitable',
    `Pipeline ${pipeline.name}, unknown_fields.into: the table ${where} has no column ${unknownFields.column} of type JSON, Map or String`,
  );
}

/** The trees of all `from` paths by their first key, and the columns that are filled by them instead of by their own name. */
function pathsOf(pipeline: PipelineConfig, targets: ReadonlyMap<string, Target>): { roots: Map<string, PathTree>; moved: Set<string> } {
  const roots = new Map<string, PathTree>();
  const moved = new Set<string>();
  for (const [name, rule] of rulesWithFrom(pipeline)) {
    const target = targets.get(name);
    if (target === undefined) continue;
    if (rule.from !== name) moved.add(name);
    let level = roots;
    let tree: PathTree | undefined;
    for (const key of rule.from.split('.')) {
      tree = level.get(key) ?? { below: new Map() };
      level.set(key, tree);
      level = tree.below;
    }
    if (tree?.target !== undefined)
      throw new GatewayError(
        'table_unsuitable',
        `Pipeline ${pipeline.name}: columns ${tree.target.column} and ${name} are filled from the same field`,
      );
    if (tree !== undefined) tree.target = target;
  }
  return { roots, moved };
}

function rulesWithFrom(pipeline: PipelineConfig): Array<[string, ColumnRule & { readonly from: string }]> {
  return Object.entries(pipeline.columns).flatMap(([name, rule]) =>
    rule.from === undefined ? [] : [[name, { ...rule, from: rule.from }]],
  );
}

/** Whether a column is filled from inside an object, so that its key alone does not say that it has a value. */
function isDeep(rule: ColumnRule | undefined): boolean {
  return rule?.from?.includes('.') === true;
}

/** Whether no key of the shape can lead to the column's path. */
function isUnreachable(column: string, roots: ReadonlyMap<string, PathTree>, { keys }: Shape): boolean {
  const leads = (tree: PathTree): boolean => tree.target?.column === column || [...tree.below.values()].some(leads);
  return ![...roots].some(([key, tree]) => leads(tree) && keys.includes(key));
}
