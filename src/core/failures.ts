import { GatewayError } from './errors.ts';
import type { LedgerError } from './ledger.ts';
import type { DestinationError } from './ports.ts';

/**
 * What the sender is told when ClickHouse failed a statement for the table `where`. Everything but a refused row is a state that
 * passes or that an operator mends, so the sender keeps the data: 503.
 */
export function gatewayErrorOf(error: DestinationError, where: string): GatewayError {
  const told = (advice: string): string => `${error.message}. Table ${where}: ${advice}.`;
  switch (error.failure) {
    case 'row':
      return new GatewayError(
        'records_rejected',
        told('a record of this request breaks a rule of the table; send fewer records to find it'),
        { cause: error },
      );
    case 'partition-spread':
      return new GatewayError('records_rejected', told('send fewer records a request, or partition the table more coarsely'), {
        cause: error,
      });
    case 'back-off':
      return new GatewayError('target_overloaded', told('send the request again later'), { cause: error, retryAfterSeconds: 2 });
    case 'storage-full':
      return new GatewayError('storage_full', told('free space, then send the request again'), { cause: error, retryAfterSeconds: 10 });
    case 'schema-drift':
      return new GatewayError('table_unsuitable', told('it changed while the records were written; compare it with the pipeline'), {
        cause: error,
      });
    case 'operator':
      return new GatewayError(
        'target_refused',
        told("check the gateway's rights and the table; the data is fine, send it again afterwards"),
        { cause: error },
      );
    case 'unknown-outcome':
    case 'cluster-state':
    case 'duplicate':
    case 'other':
      return new GatewayError(
        'target_unavailable',
        told(error.applied === 'no' ? 'nothing was written, send the request again' : 'send the request again'),
        {
          cause: error,
          retryAfterSeconds: 2,
        },
      );
  }
}

/** What the sender is told when the ledger cannot be written. */
export function ledgerFailure(error: LedgerError): GatewayError {
  return new GatewayError(error.kind === 'full' ? 'storage_full' : 'ledger_unavailable', error.message, {
    cause: error,
    retryAfterSeconds: 10,
  });
}
