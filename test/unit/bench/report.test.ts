import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figureOf, reached, reportTable } from '../../bench/report.ts';
import type { Comparison } from '../../bench/results.ts';
import { median, quantile } from '../../bench/statistics.ts';

const faster: Comparison = {
  title: 'A: 16 senders',
  unit: 'rows/s',
  gateway: [300_000, 412_345, 380_000],
  baseline: { name: 'direct', values: [100_000, 90_000, 95_000] },
  target: { better: 'more', must: 3.5, goal: 8 },
};
const published: Comparison = {
  title: 'B',
  unit: 'MB/s a core',
  gateway: [140],
  baseline: { name: 'published', values: [63] },
  target: { better: 'more', must: 1, goal: 2 },
};
const alone: Comparison = { title: 'I: memory', unit: 'MiB', gateway: [600], target: { better: 'less', must: 512, goal: 256 } };
const counted: Comparison = { title: 'I: unanswered', unit: '', gateway: [0], target: { better: 'less', must: 0 } };

test('the table has medians, the spread of the rounds and the marks', () => {
  assert.equal(
    reportTable({ comparisons: [faster, published, alone, counted] }),
    [
      '| workload | gateway | baseline | ratio | must reach | goal | reached? |',
      '| --- | --- | --- | --- | --- | --- | --- |',
      '| A: 16 senders | 380,000 rows/s (300,000–412,000) | direct: 95,000 rows/s (90,000–100,000) | **4** (3–4.58) | ≥ 3.5 | ≥ 8 | yes |',
      '| B | 140 MB/s a core | published: 63 MB/s a core | **2.22** | ≥ 1 | ≥ 2 | goal |',
      '| I: memory | 600 MiB | – | – | ≤ 512 MiB | ≤ 256 MiB | no |',
      '| I: unanswered | 0 | – | – | ≤ 0 | – | yes |',
      '',
    ].join('\n'),
  );
});

test('a ratio is that of the medians, and less can be better', () => {
  assert.equal(figureOf(faster), 4);
  const slower: Comparison = { ...faster, gateway: [11], baseline: { name: 'direct', values: [10] } };
  assert.equal(reached({ ...slower, target: { better: 'less', must: 1.4, goal: 1.1 } }), 'goal');
  assert.equal(reached({ ...slower, target: { better: 'less', must: 1.1, goal: 1 } }), 'must');
  assert.equal(reached({ ...slower, target: { better: 'less', must: 1.05 } }), 'no');
});

test('medians and quantiles of few values', () => {
  assert.deepEqual([median([3, 1, 2]), median([4, 1, 2, 3]), median([])], [2, 2.5, 0]);
  assert.deepEqual([quantile([3, 1, 2], 0.5), quantile([1, 2], 0.99), quantile([], 0.5)], [2, 2, 0]);
});
