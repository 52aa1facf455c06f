import type { Request } from 'express';
import { GatewayError } from '../core/errors.ts';
import { DestinationError } from '../core/ports.ts';

const TOPIC = /^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/;
const PRINCIPAL = /^[\x21-\x7e]{1,255}$/;

export type Parameters = Readonly<Partial<Record<string, string>>>;

/** The parameters of the query, each of them once. */
export function parametersOf({ query }: Request, known: readonly string[]): Parameters {
  const parameters: Record<string, string> = {};
  for (const [name, value] of Object.entries(query)) {
    if (!known.includes(name)) throw malformed(`This route takes the parameters ${known.join(', ')} and no other`);
    if (typeof value !== 'string') throw malformed(`The parameter ${name} may be given once only`);
    parameters[name] = value;
  }
  const { principal } = parameters;
  if (principal !== undefined && !PRINCIPAL.test(principal)) throw malformed('The parameter principal must be the id of a credential');
  return parameters;
}

/** @throws GatewayError `malformed_request` when it is no topic. */
export function topicOf({ topic }: Parameters): string | undefined {
  if (topic !== undefined && !TOPIC.test(topic))
    throw malformed('The parameter topic must be a Kafka topic name: letters, digits, dots, dashes and underscores, at most 249');
  return topic;
}

/** What is wrong with the parameters. */
export function malformed(detail: string): GatewayError {
  return new GatewayError('malformed_request', detail);
}

/** ClickHouse that is away or asks to slow down is a state that passes. */
export async function passing(answer: Promise<object>): Promise<object> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof DestinationError)) throw error;
    const code =
      error.failure === 'operator' ? 'target_refused' : error.failure === 'back-off' ? 'target_overloaded' : 'target_unavailable';
    const advice = code === 'target_refused' ? "check the gateway's rights on the tables" : 'ask again later';
    const told = error.failure === 'unknown-outcome' ? 'ClickHouse did not answer' : error.message;
    throw new GatewayError(code, `${told}: ${advice}`, { cause: error });
  }
}
