import type { Rejection } from './batch.ts';

/**
 * What became of a delivery. `respond/` is a total function of it.
 * - `stored`: every record is queryable in ClickHouse; `duplicate` of the `accepted` ones were before.
 * - `replayed`: all of them were before; `batch` is the one of the delivery's key.
 * - `refused`: nothing was written because of these records; `total` is how many the delivery had.
 * A delivery that fails as a whole is a thrown GatewayError instead.
 */
export type Outcome =
  | {
      readonly kind: 'stored';
      readonly accepted: number;
      readonly duplicate: number;
      readonly quarantined: number;
      readonly batch?: string;
      /** Values that were stored with fewer digits, by column. */
      readonly lossy?: ReadonlyMap<string, number>;
    }
  | { readonly kind: 'replayed'; readonly accepted: number; readonly batch?: string }
  | { readonly kind: 'refused'; readonly rejections: readonly Rejection[]; readonly total: number };

/** What a pipeline promises, computed when it starts, never assumed. */
export type Guarantee = 'exactly-once' | 'at-least-once';
