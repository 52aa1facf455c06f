import type { Destination } from '../../src/core/ports.ts';
import { createPending } from '../../src/map/evolve/pending.ts';
import { createInTurn } from '../../src/map/evolve/turns.ts';
import { createMapper, type MapperDeps } from '../../src/map/mapper.ts';
import { createTableCatalog } from '../../src/map/tables.ts';

/** A mapper to tables of `destination`, with what a gateway gives it. */
export function mapperTo(destination: Destination, changes: Partial<MapperDeps> = {}): ReturnType<typeof createMapper> {
  const catalog = createTableCatalog({ destination, now: Date.now });
  const own = { destination, catalog, pending: createPending(Date.now), inTurn: createInTurn(), cluster: undefined };
  return createMapper({ ...own, defaultDatabase: 'default', ...changes });
}
