import type { Comparison, Results } from './results.ts';
import { median } from './statistics.ts';

const HEAD = ['workload', 'gateway', 'baseline', 'ratio', 'must reach', 'goal', 'reached?'];

/** The results as a Markdown table: medians, and the smallest and largest round in brackets. */
export function reportTable({ comparisons }: Pick<Results, 'comparisons'>): string {
  const rows = comparisons.map(rowOf);
  return [HEAD, HEAD.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

/** The figure that has to meet the target: gateway ÷ baseline, or the gateway's own where there is no baseline. */
export function figureOf({ gateway, baseline }: Comparison): number {
  return baseline === undefined ? median(gateway) : median(gateway) / median(baseline.values);
}

/** Which mark of its target a comparison meets. */
export function reached(comparison: Comparison): 'goal' | 'must' | 'no' {
  const { better, must, goal } = comparison.target;
  const figure = figureOf(comparison);
  const meets = (mark: number): boolean => (better === 'more' ? figure >= mark : figure <= mark);
  if (goal !== undefined && meets(goal)) return 'goal';
  return meets(must) ? 'must' : 'no';
}

function rowOf(comparison: Comparison): string[] {
  const { title, unit, gateway, baseline, target } = comparison;
  const sign = target.better === 'more' ? '≥' : '≤';
  const mark = (value: number | undefined): string =>
    value === undefined ? '–' : `${sign} ${number(value)}${baseline === undefined && unit !== '' ? ` ${unit}` : ''}`;
  return [
    title,
    spread(gateway, unit),
    baseline === undefined ? '–' : `${baseline.name}: ${spread(baseline.values, unit)}`,
    baseline === undefined ? '–' : `**${number(figureOf(comparison))}**${range(ratios(gateway, baseline.values))}`,
    mark(target.must),
    mark(target.goal),
    { goal: 'goal', must: 'yes', no: 'no' }[reached(comparison)],
  ];
}

/** Round by round. */
function ratios(gateway: readonly number[], baseline: readonly number[]): number[] {
  return gateway.map((value, i) => value / (baseline.length === 1 ? baseline[0]! : baseline[i]!));
}

function spread(values: readonly number[], unit: string): string {
  return `${number(median(values))}${unit === '' ? '' : ` ${unit}`}${range(values)}`;
}

function range(values: readonly number[]): string {
  if (values.length < 2) return '';
  return ` (${number(Math.min(...values))}–${number(Math.max(...values))})`;
}

/** Three digits that count, and commas between thousands. */
function number(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en-US', { maximumFractionDigits: 3 });
}
