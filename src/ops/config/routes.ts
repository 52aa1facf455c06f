import type { Config, PipelineConfig } from '../../core/config.ts';

/** Finds the pipeline of a request. */
export interface Routes {
  /** Topic names come first, then the first regular expression in the order of the file. */
  readonly forTopic: (topic: string) => PipelineConfig | undefined;
  readonly byName: (name: string) => PipelineConfig | undefined;
  readonly all: readonly PipelineConfig[];
}

/** Kafka's longest topic name; regular expressions are only as quick as their input is short. */
const LONGEST_TOPIC = 249;

/** Topics whose pipeline is remembered. */
const MOST_REMEMBERED = 10_000;

/** The routes of all pipelines. Two pipelines never claim one topic name: the configuration was refused then. */
export function routePipelines(config: Pick<Config, 'pipelines'>): Routes {
  const names = new Map(config.pipelines.map((pipeline) => [pipeline.name, pipeline]));
  const literals = new Map<string, PipelineConfig>();
  const patterns: Array<{ readonly pattern: RegExp; readonly pipeline: PipelineConfig }> = [];
  for (const pipeline of config.pipelines) {
    for (const topic of pipeline.topics) {
      if (typeof topic === 'string') literals.set(topic, pipeline);
      else patterns.push({ pattern: topic, pipeline });
    }
  }
  /** What the expressions said: with a thousand of them asking each costs more than the rest of a small request. */
  const found = new Map<string, PipelineConfig | undefined>();
  return {
    all: config.pipelines,
    byName: (name) => names.get(name),
    forTopic: (topic) => {
      const literal = literals.get(topic);
      if (literal !== undefined || topic.length > LONGEST_TOPIC) return literal;
      if (found.has(topic)) return found.get(topic);
      const pipeline = patterns.find(({ pattern }) => pattern.test(topic))?.pipeline;
      // Anybody may ask for any topic: the oldest answers go.
      if (found.size >= MOST_REMEMBERED) found.delete(found.keys().next().value ?? '');
      found.set(topic, pipeline);
      return pipeline;
    },
  };
}
