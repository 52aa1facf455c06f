import { DestinationError, type FailureClass } from '../core/ports.ts';

/**
 * ClickHouse error code → what it means for the rows. Only the numeric code decides: the rest of a message can quote a row, and a
 * row can hold any text. The two codes with two meanings are told apart by words that come before any quoted value.
 * Proved by `test/unit/insert/classify.test.ts`.
 */
const CODES: Readonly<Record<Exclude<FailureClass, 'other'>, readonly number[]>> = {
  'unknown-outcome': [3, 95, 96, 159, 209, 210, 236, 244, 279, 285, 286, 289, 319, 394, 410, 425, 659, 735, 999, 1000],
  'back-off': [201, 202, 203, 241, 252, 290, 364, 373, 384, 473, 574, 692, 700, 738, 745, 749, 762, 763, 776, 777, 778],
  'storage-full': [243],
  'cluster-state': [198, 216, 218, 225, 242, 254, 265, 297, 369, 416, 439, 499, 500, 519, 529, 571, 668, 733, 900, 901, 902, 903, 904],
  'schema-drift': [7, 8, 10, 15, 16, 20, 44, 47, 53, 60, 122, 626, 772],
  row: [
    6, 19, 25, 26, 27, 33, 38, 41, 43, 69, 70, 72, 108, 117, 120, 128, 130, 131, 169, 190, 246, 306, 321, 349, 366, 376, 407, 435, 436, 437,
    441, 443, 467, 469, 563, 569, 570, 632, 645, 675, 676, 691, 728, 748, 760,
  ],
  'partition-spread': [],
  operator: [
    36, 48, 50, 55, 56, 57, 62, 73, 80, 81, 115, 164, 192, 193, 194, 195, 291, 344, 392, 446, 452, 471, 472, 478, 495, 497, 511, 516, 620,
    701, 712, 720, 764, 767, 774,
  ],
  duplicate: [389],
};

const CLASS_OF: ReadonlyMap<number, FailureClass> = new Map(
  Object.entries(CODES).flatMap(([failure, codes]) => codes.map((code): [number, FailureClass] => [code, failure as FailureClass])),
);

const INCORRECT_DATA = 117;
const TOO_MANY_PARTS = 252;

/** The class of a code; `message` only separates the two meanings of 117 and 252. */
export function classify(code: number, message: string): FailureClass {
  if (code === INCORRECT_DATA && /^(Code: \d+\. DB::Exception: )*Unknown field/.test(message)) return 'schema-drift';
  if (code === TOO_MANY_PARTS && /^(Code: \d+\. DB::Exception: )*Too many partitions for single INSERT block/.test(message))
    return 'partition-spread';
  return CLASS_OF.get(code) ?? 'other';
}

const PUBLIC_MESSAGE: Readonly<Record<FailureClass, string>> = {
  'unknown-outcome': 'ClickHouse did not say whether the rows were stored',
  'back-off': 'ClickHouse asks to slow down',
  'storage-full': "ClickHouse's disk is full",
  'cluster-state': 'the ClickHouse cluster is not in a state to take the rows',
  'schema-drift': 'the table is not what it was when it was last read',
  row: 'ClickHouse refused a row',
  'partition-spread': 'the rows belong to more partitions than one INSERT may write',
  operator: 'ClickHouse refused the statement',
  duplicate: 'ClickHouse has seen the rows before',
  other: 'ClickHouse failed',
};

/** Outcomes after which rows may be in the table all the same. */
const MAYBE_APPLIED: ReadonlySet<FailureClass> = new Set(['unknown-outcome', 'cluster-state', 'other', 'duplicate']);

/**
 * A ClickHouse answer as a {@link DestinationError}. `columns` are those of the insert: a column is named only if it is one of
 * them, because the text it is read from may quote the row.
 */
export function serverFailure(code: number, message: string, insert?: { columns: readonly string[]; rowCount: number }): DestinationError {
  const failure = classify(code, message);
  const place = insert === undefined || failure !== 'row' ? {} : refusedPlace(message, insert);
  return new DestinationError(`${PUBLIC_MESSAGE[failure]} (ClickHouse code ${code})`, {
    failure,
    applied: MAYBE_APPLIED.has(failure) ? 'unknown' : 'no',
    clickhouseCode: code,
    ...place,
    cause: message,
  });
}

/** The connection failed. `sent` false: before any byte of the statement can have reached ClickHouse. */
export function transportFailure(cause: unknown, sent: boolean): DestinationError {
  const message = sent ? PUBLIC_MESSAGE['unknown-outcome'] : 'ClickHouse is not reachable';
  return new DestinationError(message, { failure: 'unknown-outcome', applied: sent ? 'unknown' : 'no', cause });
}

/** "(at row N)" and "while reading the value of key X", as ClickHouse's row input formats and constraints write them. */
function refusedPlace(message: string, insert: { columns: readonly string[]; rowCount: number }): { row?: number; column?: string } {
  const rows = [...message.matchAll(/\bat row (\d+)/g)];
  const row = Number(rows.at(-1)?.[1] ?? 0) - 1;
  const column = /\(while reading the value of key ([^)]{1,128})\)/.exec(message)?.[1];
  return {
    ...(row >= 0 && row < insert.rowCount ? { row } : {}),
    ...(column !== undefined && insert.columns.includes(column) ? { column } : {}),
  };
}
