import assert from 'node:assert/strict';
import type { FramingConfig } from '../../../src/core/config.ts';
import { GatewayError } from '../../../src/core/errors.ts';
import { AUTO, createJsonDecoder, type DecodeJson, deliveryOf, LIMITS, textsOf } from '../../support/deliveries.ts';

/** What the decoder refuses the body with; fails when it does not. */
export async function errorOf(
  body: string | Buffer,
  framing: FramingConfig = AUTO,
  decode: DecodeJson = createJsonDecoder(LIMITS),
): Promise<GatewayError> {
  const error = await decode(deliveryOf(body), framing).then(
    (batch) => assert.fail(`accepted: ${textsOf(batch).join(' | ').slice(0, 200)}`),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof GatewayError, String(error));
  return error;
}
