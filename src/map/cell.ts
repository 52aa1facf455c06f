import type { RecordErrorCode } from '../core/errors.ts';
import type { JsonTape } from '../core/json-tape.ts';
import type { ByteWriter } from './byte-writer.ts';

/** The value's own text is exactly what ClickHouse has to read. */
export const VERBATIM = 0;
/** The value fits exactly, but ClickHouse would misread its text: `write` gives the text it reads right. */
export const REWRITE = 1;
/** The value does not fit; {@link Fault} says why. */
export const FAULTY = 2;
export type Verdict = typeof VERBATIM | typeof REWRITE | typeof FAULTY;

/**
 * One column type as a check and a writer over JSON tokens, compiled once per column. Guards against every change ClickHouse
 * makes silently: what `check` lets pass is stored as exactly the value the sender wrote, or refused by ClickHouse.
 */
export interface Cell {
  /** Can the token be stored exactly? On {@link FAULTY} the cell's {@link Fault} is filled. No side effect otherwise. */
  check(tape: JsonTape, node: number): Verdict;
  /** Appends the JSON text to hand to ClickHouse. Only for a token that passed `check`. */
  write(tape: JsonTape, node: number, out: ByteWriter): void;
  /** Whether a row may leave the value out: true when its absence and ClickHouse's reading of that (NULL, empty) are the same. */
  readonly optional: boolean;
}

/** Why the last check failed. One object per plan, reused, so that good records allocate nothing. */
export interface Fault {
  code: RecordErrorCode;
  /** One sentence without the value. */
  reason: string;
  /** Path below the column, innermost first while it is being built: `.zip`, `[3]`. */
  path: string[];
}

/** A fault to hand to `compileCell`. */
export function createFault(): Fault {
  return { code: 'wrong_type', reason: '', path: [] };
}

/** Fills `fault` and gives {@link FAULTY}: the tail call of a check. */
export function fail(fault: Fault, code: RecordErrorCode, reason: string): typeof FAULTY {
  fault.code = code;
  fault.reason = reason;
  fault.path.length = 0;
  return FAULTY;
}

/** That digits of a value were cut, which is only let through where the pipeline says so. */
export interface Losses {
  /** Set by a check whose value is stored without some of its digits. */
  seen: boolean;
}

/** Where a check says what is wrong, and what is cut. */
export type LossOptions = Pick<CellOptions, 'fault' | 'losses'>;

/** A value of which digits have to be cut: {@link FAULTY}, or {@link REWRITE} where that is let through. `write` cuts them. */
export function lose(options: LossOptions, reason: string): typeof FAULTY | typeof REWRITE {
  if (options.losses === undefined) return fail(options.fault, 'precision_loss', reason);
  options.losses.seen = true;
  return REWRITE;
}

/** What a cell has to know beside the type. */
export interface CellOptions {
  readonly fault: Fault;
  /** Fields of an object that its Tuple has no element for. */
  readonly unknownNested: 'reject' | 'ignore';
  /** Unit of numbers in Date, DateTime and Time columns; absent: only what is unambiguous is taken. */
  readonly unit?: 'days' | 's' | 'ms' | 'us' | 'ns';
  /** Digits may be cut, and it is noted here. Absent: such values are refused. */
  readonly losses?: Losses;
}
