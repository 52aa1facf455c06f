import protobuf from 'protobufjs';
import { KNOWN_FILES } from './known-files.ts';

/** Adds a file of a well-known name to `root`, and returns what it imports itself; undefined when the name is not known. */
export function addKnownFile(root: protobuf.Root, name: string): readonly string[] | undefined {
  const common = protobuf.common.get(name);
  if (common !== null) {
    root.addJSON(common.nested ?? {});
    return [];
  }
  const text = Object.hasOwn(KNOWN_FILES, name) ? KNOWN_FILES[name] : undefined;
  if (text === undefined) return undefined;
  return protobuf.parse(text, root, { keepCase: true }).imports ?? [];
}
