/** Names of streams: what they are made of, and back. A change of any of them makes every record a new one. */
import { hash } from 'node:crypto';
import type { PipelineConfig } from '../core/config.ts';

const HASH_DIGITS = 32;

/** A partition of a topic, as the pipeline, source and epoch see it. */
export interface StreamPlace {
  readonly source: string;
  readonly epoch: number;
  readonly topic: string;
  readonly partition: number;
}

/** What the names of all coordinates streams of a pipeline begin with, whatever their source and epoch. */
export function pipelinePrefix(name: string): string {
  return `c${name}\0`;
}

/** What the names of a pipeline's coordinates streams begin with. */
export function coordinatePrefix({ name, source, epoch }: Pick<PipelineConfig, 'name' | 'source' | 'epoch'>): string {
  return `${pipelinePrefix(name)}${source}\0${epoch}\0`;
}

/** What the names of a topic's streams begin with: the rest is the partition. */
export function topicPrefix(scope: Pick<PipelineConfig, 'name' | 'source' | 'epoch'>, topic: string): string {
  return `${coordinatePrefix(scope)}${topic}\0`;
}

/** The stream of a partition, below {@link coordinatePrefix}. */
export function coordinateStream(prefix: string, topic: string, partition: number): string {
  return `${prefix}${topic}\0${partition}`;
}

/** What a coordinates stream is of. Undefined for streams of other kinds. */
export function placeOf(stream: string): StreamPlace | undefined {
  const [, source, epoch, topic, partition] = stream.split('\0');
  if (source === undefined || topic === undefined || partition === undefined) return undefined;
  return { source, epoch: Number(epoch), topic, partition: Number(partition) };
}

/** The stream of the records sent under a delivery key. Senders do not share keys. */
export function deliveryStream({ name, epoch }: Pick<PipelineConfig, 'name' | 'epoch'>, principal: string, key: string): string {
  return `d${shortHash(`${name}\0${epoch}\0${principal}\0${key}`)}`;
}

/** The stream of one record that is known by an id or by its text. */
export function recordStream({ name, epoch }: Pick<PipelineConfig, 'name' | 'epoch'>, what: string, value: string | Buffer): string {
  const prefix = Buffer.from(`${name}\0${epoch}\0${what}\0`);
  return `r${shortHash(Buffer.concat([prefix, Buffer.from(value)]))}`;
}

function shortHash(value: string | Buffer): string {
  return hash('sha256', value, 'hex').slice(0, HASH_DIGITS);
}
