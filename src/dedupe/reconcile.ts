/**
 * The ledger against the tables, topic by topic.
 *
 * The table is read between two looks at the ledger, and batches that are not settled are left out: what is reported as missing or doubled is so,
 * whatever is being written meanwhile. Proved by `test/unit/dedupe/reconcile.test.ts` and `test/e2e/ledger.test.ts`.
 */
import type { PipelineConfig } from '../core/config.ts';
import type { Ledger } from '../core/ledger.ts';
import type { CoordinateColumns, ReconcileAnswer, ReconcileTopic, TableView } from '../core/ports.ts';
import type { TableName, TableSchema } from '../core/table.ts';
import { coordinateColumns } from './coordinate-columns.ts';
import { compare, countDone, countPlaces, listed, listedCopies, placesIn, type Scope, type TopicState, topicState } from './inspect.ts';
import { nameOf, onlyTable, type TableOf } from './pipeline-tables.ts';
import { pipelinePrefix } from './stream-names.ts';

export interface ReconcileDeps {
  readonly ledger: Pick<Ledger, 'streams' | 'inDoubt'>;
  readonly tables: TableView;
  /** The table as it is now; undefined when there is none. @throws DestinationError */
  readonly schemaOf: (name: TableName) => Promise<TableSchema | undefined>;
  readonly tableOf: TableOf;
}

/** A large topic takes some seconds: when there are more than so many, the rest is asked for one by one. */
const MOST_TOPICS = 100;

/** A table and the topics that lead to it. */
interface Target {
  readonly pipeline: PipelineConfig;
  readonly name: TableName;
  /** All topics of the pipeline whose rows are in the table. */
  readonly sharing: readonly string[];
  /** Other sources and epochs the pipeline has had. */
  readonly others: readonly Scope[];
}

/** Compares the topics of a pipeline, or only one of them. @throws DestinationError when ClickHouse cannot be asked. */
export async function reconcile(deps: ReconcileDeps, pipeline: PipelineConfig, only: string | undefined): Promise<ReconcileAnswer> {
  const places = placesIn(deps.ledger.streams(pipelinePrefix(pipeline.name)));
  const isCurrent = ({ source, epoch }: Scope): boolean => source === pipeline.source && epoch === pipeline.epoch;
  const scopes = new Map(places.map(({ source, epoch }) => [`${source}\0${epoch}`, { source, epoch }]));
  const others = [...scopes.values()].filter((scope) => !isCurrent(scope));
  const known = new Set(places.filter(isCurrent).map(({ topic }) => topic));
  const topics = only === undefined ? [...known].toSorted() : [only];
  const tables = new Map([...places.map(({ topic }) => topic), ...topics].map((topic) => [topic, deps.tableOf(pipeline, topic)]));
  const answers = new Map<string, ReconcileTopic>();
  for (const topic of topics.slice(0, MOST_TOPICS)) {
    const name = tables.get(topic);
    if (name === undefined) {
      answers.set(topic, answerOf({ topic, table: '', checked: 'none', reason: 'The topic makes no table name' }));
      continue;
    }
    const key = nameOf(name);
    // One answer for the whole table, where its rows do not tell their topics.
    if (answers.has(`* ${key}`)) continue;
    const sharing = [...tables].flatMap(([other, table]) => (table !== undefined && nameOf(table) === key ? [other] : []));
    const answer = await compareTopic(deps, { pipeline, name, sharing, others }, topic, only !== undefined);
    answers.set(answer.topic === '*' ? `* ${key}` : topic, answer);
  }
  if (topics.length === 0) {
    const answer = await withoutTopics(deps, pipeline);
    if (answer !== undefined) answers.set('*', answer);
  }
  const compared = [...answers.values()];
  return {
    pipeline: pipeline.name,
    topics: compared,
    ...(topics.length > MOST_TOPICS ? { more_topics: topics.length - MOST_TOPICS } : {}),
    ok: compared.every(({ missing_total: missing, doubled_total: doubled }) => missing === '0' && doubled === '0'),
  };
}

async function compareTopic(deps: ReconcileDeps, target: Target, topic: string, isOnly: boolean): Promise<ReconcileTopic> {
  const { pipeline, name, sharing } = target;
  const table = await deps.schemaOf(name);
  const before = stateOf(deps, target, topic);
  const facts = { topic, table: nameOf(name), ledger: String(countDone(before).done), in_doubt: Number(countDone(before).doubt) };
  if (table === undefined) {
    const { missing } = compare(before, [], before);
    // The table follows the topic of the URL, the ledger the one that records name.
    const advice = pipeline.table.includes('${topic}') ? ', unless the records were posted under another topic than they name' : '';
    const reason = `The table ${nameOf(name)} does not exist${advice === '' ? '' : `: all of it is missing${advice}`}`;
    return answerOf({
      ...facts,
      checked: 'offsets',
      reason,
      table_rows: '0',
      missing: listed(missing),
      missing_total: countPlaces(missing),
    });
  }
  if (table.lacks.includes('engine')) {
    const reason = `The table has the engine ${table.engine}, which does not keep rows apart`;
    return answerOf({ ...facts, checked: 'none', reason });
  }
  const columns = coordinateColumns(pipeline, table);
  const tellsTopic = columns.every((group) => group.topic !== undefined);
  if (columns.length > 0 && (tellsTopic || sharing.length === 1))
    return await compareOffsets(deps, { ...target, table, columns }, topic, before);
  const lacking =
    columns.length === 0
      ? 'The table has no columns with the partition and offset of its rows'
      : 'The table has rows of several topics and no column with the topic';
  if (sharing.length > 1 && isOnly)
    return answerOf({ ...facts, checked: 'none', reason: `${lacking}: compare all topics of the pipeline at once` });
  return await compareCounts(deps, { ...target, table }, lacking);
}

interface Existing extends Target {
  readonly table: TableSchema;
}

async function compareOffsets(
  deps: ReconcileDeps,
  target: Existing & { readonly columns: readonly CoordinateColumns[] },
  topic: string,
  before: TopicState,
): Promise<ReconcileTopic> {
  const { table, columns, sharing } = target;
  const ranges = await deps.tables.ranges(table, { columns, topic, isOnlyTopic: sharing.length === 1 });
  if (ranges === 'too-many')
    return sharing.length === 1
      ? await compareCounts(deps, target, 'The offsets are too many, or have too many gaps, to be compared one by one')
      : answerOf({ topic, table: nameOf(table.name), checked: 'none', reason: 'The offsets are too many to be compared one by one' });
  const found = compare(before, ranges, stateOf(deps, target, topic));
  const isMerged = table.engine.includes('Replacing');
  const missing = isMerged ? [] : found.missing;
  const { done, doubt } = countDone(before);
  return answerOf({
    topic,
    table: nameOf(table.name),
    checked: 'offsets',
    ...(isMerged ? { reason: `${table.engine} keeps the last row of a key, so rows that are not there may have been replaced` } : {}),
    ledger: String(done),
    table_rows: String(ranges.reduce((sum, { from, to, copies }) => sum + (to - from + 1n) * BigInt(copies), 0n)),
    missing: listed(missing),
    missing_total: countPlaces(missing),
    doubled: listedCopies(found.doubled),
    doubled_total: countPlaces(found.doubled),
    unknown_to_ledger: listed(found.unknown),
    unknown_total: countPlaces(found.unknown),
    in_doubt: Number(doubt),
  });
}

/** Compares numbers only: all topics of the table together. */
async function compareCounts(deps: ReconcileDeps, target: Existing, lacking: string): Promise<ReconcileTopic> {
  const { table, sharing } = target;
  const sum = (): { done: bigint; any: bigint; doubt: bigint } =>
    sharing
      .map((topic) => countDone(stateOf(deps, target, topic)))
      .reduce((a, b) => ({ done: a.done + b.done, any: a.any + b.any, doubt: a.doubt + b.doubt }), { done: 0n, any: 0n, doubt: 0n });
  const before = sum();
  const unsettled = deps.ledger.inDoubt().filter((batch) => nameOf(batch.table) === nameOf(table.name));
  const rows = await deps.tables.countWritten(
    table,
    unsettled.map(({ id }) => id),
  );
  const [only = '*', ...more] = sharing;
  const facts = {
    topic: more.length === 0 ? only : '*',
    table: nameOf(table.name),
    ledger: String(before.done),
    in_doubt: Number(before.doubt),
  };
  if (rows === undefined)
    return answerOf({ ...facts, checked: 'none', reason: `${lacking}, nor any that say with which batch a row came` });
  const after = sum();
  const extra = rows - after.any - after.doubt;
  const isMerged = table.engine.includes('Replacing');
  return answerOf({
    ...facts,
    checked: 'count',
    reason: `${lacking}, so only numbers are compared, with rows of other pipelines and without identity among them`,
    table_rows: String(rows),
    missing_total: String(rows < before.done && !isMerged ? before.done - rows : 0n),
    unknown_total: String(extra > 0n ? extra : 0n),
  });
}

/** A pipeline whose records have no offsets, or that has written nothing yet. */
async function withoutTopics(deps: ReconcileDeps, pipeline: PipelineConfig): Promise<ReconcileTopic | undefined> {
  const name = onlyTable(pipeline, deps.tableOf);
  const table = name === undefined ? undefined : await deps.schemaOf(name);
  if (table === undefined) return undefined;
  const rows = await deps.tables.countWritten(table, []);
  const reason =
    'fields' in pipeline.identity
      ? 'The ledger has no offsets of this pipeline'
      : `Records are recognised by ${pipeline.identity.kind}, of which the ledger keeps no list`;
  return answerOf({
    topic: '*',
    table: nameOf(table.name),
    checked: 'none',
    reason,
    ...(rows === undefined ? {} : { table_rows: String(rows) }),
  });
}

function stateOf({ ledger }: ReconcileDeps, { pipeline, others }: Target, topic: string): TopicState {
  return topicState(ledger, pipeline, { topic, others });
}

function answerOf(facts: Partial<ReconcileTopic> & Pick<ReconcileTopic, 'topic' | 'table' | 'checked'>): ReconcileTopic {
  const { topic, table, checked, reason, ledger = '0', table_rows: rows, ...differences } = facts;
  return {
    topic,
    table,
    checked,
    ...(reason === undefined ? {} : { reason }),
    ledger,
    ...(rows === undefined ? {} : { table_rows: rows }),
    missing: [],
    missing_total: '0',
    doubled: [],
    doubled_total: '0',
    unknown_to_ledger: [],
    unknown_total: '0',
    in_doubt: 0,
    ...differences,
  };
}
