import { isUtf8 } from 'node:buffer';
import type { JsonValue } from '../core/batch.ts';
import type { Limits } from '../core/config.ts';
import { GatewayError } from '../core/errors.ts';
import { refuseSyntax } from './fault.ts';
import { beginRecord, scanOn, skipOn } from './json-scanner.ts';
import { startScan, tapeOf } from './scan.ts';
import { createShapeTrie } from './shape-trie.ts';

/** Reads one JSON text that is the value of a record. @throws GatewayError as for a body. */
export type ReadJson = (text: Buffer) => JsonValue;

/** A reader that keeps the shapes of objects over all texts, bounded. A text is read in one go: no record is larger than its limit. */
export function createJsonReader(limits: Pick<Limits, 'record' | 'values' | 'depth'>): ReadJson {
  const trie = createShapeTrie();
  return (text) => {
    if (!isUtf8(text)) throw new GatewayError('invalid_utf8', 'The record is not valid UTF-8: send it in UTF-8');
    const scan = startScan(text, 'string', trie, limits);
    scan.pauseAt = Number.POSITIVE_INFINITY;
    skipOn(scan);
    beginRecord(scan, 0);
    scanOn(scan);
    skipOn(scan);
    if (scan.at < text.length) refuseSyntax(scan, scan.at, 'nothing after the value');
    return { tape: tapeOf(scan), node: 0 };
  };
}
