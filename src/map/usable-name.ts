/** Column names that ClickHouse takes, quoted, and that are not the gateway's own. */
const USABLE_NAME = /^(?!_sluice_)[^\p{Cc}\\`]{1,128}$/u;

/** Whether a column can have this name. */
export function isUsableName(name: string): boolean {
  return USABLE_NAME.test(name);
}
