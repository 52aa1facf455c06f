import type { PipelineConfig } from '../core/config.ts';

/** Fields that are known and not stored: by a rule for them, or because they only say which record it is. */
export function droppedFields({ columns, identity }: PipelineConfig): Set<string> {
  const dropped = new Set(Object.keys(columns).filter((name) => columns[name]?.drop === true));
  if ('fields' in identity && !identity.keep)
    for (const { topic, partition, offset } of identity.fields) for (const name of [topic, partition, offset]) dropped.add(name);
  return dropped;
}
