/** What `bench-results.json` holds. */

/** One round of one side: the figure that is compared, and what else was seen. */
export interface Measurement {
  readonly value: number;
  readonly [detail: string]: number;
}

/** What a ratio, or a figure without baseline, has to be. */
export interface Target {
  /** Whether more or less of it is better. */
  readonly better: 'more' | 'less';
  readonly must: number;
  readonly goal?: number;
}

/** One line of the table. */
export interface Comparison {
  /** What was measured, in words. */
  readonly title: string;
  readonly unit: string;
  /** The figure of each round. */
  readonly gateway: readonly number[];
  /** Absent: the figure itself has to meet the target. A single value stands for all rounds. */
  readonly baseline?: { readonly name: string; readonly values: readonly number[] };
  readonly target: Target;
}

export interface Results {
  readonly machine: {
    readonly date: string;
    readonly node: string;
    readonly engine: string;
    readonly platform: string;
    readonly cores: number;
    readonly cpu: string;
    readonly memoryGiB: number;
  };
  readonly parameters: { readonly seconds: number; readonly rounds: number };
  readonly comparisons: readonly Comparison[];
  /** Every round by workload and side. */
  readonly rounds: Readonly<Record<string, Readonly<Record<string, readonly Measurement[]>>>>;
  /** Why a workload is not there. */
  readonly skipped: Readonly<Record<string, string>>;
}
