import type { Session } from 'chdb';
import { DestinationError } from '../../core/ports.ts';

/** Statements a read-only query may be. */
const READING = /^(SELECT|WITH|SHOW|DESCRIBE|EXISTS|EXPLAIN|\()/;

/**
 * Functions that reach outside the engine's tables. The read-only session refuses most of them by itself; these it lets
 * through (`file` as a scalar function reads any file of the host), or would open connections for before it refuses.
 */
const FORBIDDEN =
  /^(file|url|s3|gcs|oss|cosn|hdfs|remote|remoteSecure|cluster|clusterAllReplicas|mysql|postgresql|mongodb|redis|sqlite|odbc|jdbc|executable|azureBlobStorage|iceberg|deltaLake|hudi|paimon|arrowFlight|ytsaurus|input|python|dictGet|catboostEvaluate)/i;

/**
 * Second fence around `POST /v1/query`, beside the session's `readonly = 1`: the statement is printed back by ClickHouse's own
 * parser, one statement in one spelling, and that text may only read and only call functions that stay inside the engine.
 * @throws DestinationError (operator) with a public reason.
 */
export async function refuseUnsafeQuery(session: Session, sql: string): Promise<void> {
  const canonical = (await session.queryBindAsync('SELECT formatQuerySingleLine({sql:String})', { sql }, { format: 'TSVRaw' }))
    .text()
    .trim();
  const skeleton = withoutStrings(canonical);
  if (!READING.test(skeleton)) throw refusal('only SELECT, SHOW, DESCRIBE, EXISTS and EXPLAIN');
  if (/\b(INTO OUTFILE|FORMAT)\b/.test(skeleton)) throw refusal('no INTO OUTFILE and no FORMAT, the answer is JSONEachRow');
  for (const [, name = ''] of skeleton.matchAll(/`?([A-Za-z_][A-Za-z0-9_]*)`?\s*\(/g)) {
    if (FORBIDDEN.test(name)) throw refusal('no function that reaches outside the tables');
  }
}

/** Replaces quoted text, so that words inside it are not taken for code. */
function withoutStrings(canonical: string): string {
  return canonical.replaceAll(/'(?:[^'\\]|\\.)*'/gs, "''");
}

function refusal(rule: string): DestinationError {
  return new DestinationError(`A query through the gateway is read-only: ${rule}`, { failure: 'operator', applied: 'no' });
}
