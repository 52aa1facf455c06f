/** Bodies that are no text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FramingConfig } from '../../../src/core/config.ts';
import { GatewayError } from '../../../src/core/errors.ts';
import { createDecoder } from '../../../src/decode/decoder.ts';
import { AUTO, deliveryOf, LIMITS } from '../../support/deliveries.ts';

const decode = createDecoder({ ...LIMITS, record: 10, records: 3 });

const framing = (kind: FramingConfig['kind']): FramingConfig => ({ kind, prefix: '', suffix: '' });

async function framesOf(hex: string, how: FramingConfig): Promise<string[]> {
  const decoded = await decode(deliveryOf(Buffer.from(hex.replaceAll(' ', ''), 'hex')), how);
  assert.ok('frames' in decoded);
  return decoded.frames.map((frame) => frame.toString('hex'));
}

async function codeOf(hex: string, how: FramingConfig): Promise<readonly [string, string]> {
  try {
    await framesOf(hex, how);
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error));
    return [error.code, error.message];
  }
  return assert.fail('was taken');
}

test('a body that begins with a magic byte is one record, whatever is in it', async () => {
  for (const how of [AUTO, framing('binary')]) {
    assert.deepEqual(await framesOf('00 00000001 ff0a7b', how), ['0000000001ff0a7b']);
    assert.deepEqual(await framesOf('01', how), ['01']);
  }
  assert.deepEqual(await codeOf('00 00000001', framing('array')), [
    'wrong_framing',
    "The body is one record in the wire format of the Schema Registry, but the pipeline's framing.kind is array (an array of objects): change one or the other",
  ]);
  assert.deepEqual(await codeOf('7b7d', framing('binary')), [
    'wrong_framing',
    "The body does not begin with the magic byte of the Schema Registry, but the pipeline's framing.kind is binary: change one or the other",
  ]);
  assert.deepEqual(await codeOf('00'.repeat(11), AUTO), [
    'record_too_large',
    'Record 0 is larger than 10 bytes: send it in parts, or raise limits.record',
  ]);
});

test('delimited records each come after their length', async () => {
  const how = framing('delimited');
  assert.deepEqual(await framesOf('03 000001 00 8100 07', how), ['000001', '', '07']);
  const cut = (index: number): readonly [string, string] => [
    'wrong_framing',
    `Record ${index} does not end where its length says: send records each after its length as a varint, as framing.kind: delimited wants`,
  ];
  assert.deepEqual(await codeOf('02 0102 02 01', how), cut(1));
  assert.deepEqual(await codeOf('80', how), cut(0));
  assert.deepEqual(await codeOf('ffffffffffffffffff01', how), cut(0));
  assert.deepEqual(await codeOf('', how), ['empty_body', 'The body is empty: send at least one record']);
  assert.deepEqual(await codeOf('00000000', how), ['too_many_records', 'The body has more than 3 records: send fewer a request']);
  assert.deepEqual(await codeOf(`00 0b${'00'.repeat(11)}`, how), [
    'record_too_large',
    'Record 1 is larger than 10 bytes: send it in parts, or raise limits.record',
  ]);
});
