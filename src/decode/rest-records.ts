import type { Limits } from '../core/config.ts';
import { GatewayError } from '../core/errors.ts';
import { ARRAY, endOf, type JsonTape, kindOf, nextOf, OBJECT, shapeOf, startOf } from '../core/json-tape.ts';
import type { Found } from './records.ts';
import { tapeOf } from './scan.ts';

const NEWLINE = 0x0a;
const RECORDS = 'records';

/**
 * The records of a body of Confluent's REST Proxy, version 2: `{"records":[{"key":…,"value":…}]}`. What else stands beside them, such as ids of schemas in its
 * own registry, counts for nothing.
 * @throws GatewayError `wrong_framing` when the body is no such object; `too_many_records`, `record_too_large`.
 */
export function restRecords(found: Found, { records: most, record: largest }: Pick<Limits, 'records' | 'record'>): Found {
  const tape = tapeOf(found.scan);
  const list = found.framing === 'object' && found.nodes.length === 1 ? listIn(tape, found.nodes[0]!) : undefined;
  if (list === undefined)
    throw new GatewayError(
      'wrong_framing',
      'The body is no object with an array "records", as the pipeline\'s framing says: change one or the other',
    );
  const nodes: number[] = [];
  const singleLine: boolean[] = [];
  for (let child = list + 1; child < nextOf(tape, list); child = nextOf(tape, child)) {
    if (nodes.length >= most) throw new GatewayError('too_many_records', `The body has more than ${most} records: send fewer a request`);
    if (endOf(tape, child) - startOf(tape, child) > largest)
      throw new GatewayError(
        'record_too_large',
        `Record ${nodes.length} is larger than the ${largest} bytes a record may have: raise limits.record`,
      );
    nodes.push(child);
    singleLine.push(found.singleLine[0] === true || !tape.bytes.subarray(startOf(tape, child), endOf(tape, child)).includes(NEWLINE));
  }
  return { scan: found.scan, framing: 'records', nodes, singleLine };
}

function listIn(tape: JsonTape, node: number): number | undefined {
  if (kindOf(tape, node) !== OBJECT) return undefined;
  let child = node + 1;
  for (const key of shapeOf(tape, node).keys) {
    if (key === RECORDS) return kindOf(tape, child) === ARRAY ? child : undefined;
    child = nextOf(tape, child);
  }
  return undefined;
}
