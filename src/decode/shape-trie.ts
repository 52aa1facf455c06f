import type { Shape } from '../core/json-tape.ts';

/**
 * One key after the keys of `parent`. The path from the root spells the keys of an object in order, without duplicates: that is
 * checked when a node is made, so an object that follows existing nodes needs no check.
 */
export interface ShapeNode {
  readonly parent: ShapeNode | undefined;
  readonly key: string;
  /** The key's bytes as they were first written, closing quote included. */
  readonly spelling: Buffer;
  readonly length: number;
  /** The key that came next most recently: the guess for the next object. */
  likely: ShapeNode | undefined;
  children: Map<string, ShapeNode> | undefined;
  shape: Shape | undefined;
}

/** The shapes of all objects seen so far, over all bodies; forgotten and begun anew when there are too many. */
export interface ShapeTrie {
  readonly root: ShapeNode;
  /** The node for `key` after `node` if there is one; it becomes the likely one. */
  find(node: ShapeNode, key: string): ShapeNode | undefined;
  /** Makes that node. The caller has checked that `key` is none of the keys before it. */
  add(node: ShapeNode, key: string, spelling: Buffer): ShapeNode;
}

/** Hostile bodies have new keys in every object: this bounds what is kept of them. */
const MOST_NODES = 20_000;

/** Objects with more keys are maps rather than records: their shape is their own. */
export const MOST_SHARED_KEYS = 1024;

/** An empty trie. */
export function createShapeTrie(): ShapeTrie {
  let root = createNode(undefined, '', Buffer.alloc(0));
  let nodes = 0;
  return {
    get root() {
      return root;
    },
    find(node, key) {
      const child = node.likely?.key === key ? node.likely : node.children?.get(key);
      if (child !== undefined) node.likely = child;
      return child;
    },
    add(node, key, spelling) {
      if (nodes >= MOST_NODES) {
        root = createNode(undefined, '', Buffer.alloc(0));
        nodes = 0;
      }
      nodes += 1;
      const child = createNode(node, key, spelling);
      if (node.likely !== undefined) {
        node.children ??= new Map([[node.likely.key, node.likely]]);
        node.children.set(key, child);
      }
      node.likely = child;
      return child;
    },
  };
}

function createNode(parent: ShapeNode | undefined, key: string, spelling: Buffer): ShapeNode {
  const length = parent === undefined ? 0 : parent.length + 1;
  return { parent, key, spelling, length, likely: undefined, children: undefined, shape: undefined };
}

/** The shape that ends at `node`; the same one each time. */
export function shapeAt(node: ShapeNode): Shape {
  node.shape ??= { keys: keysUpTo(node) };
  return node.shape;
}

/** The keys from the root to `node`. */
export function keysUpTo(node: ShapeNode): string[] {
  const keys: string[] = [];
  for (let at = node; at.parent !== undefined; at = at.parent) keys.push(at.key);
  return keys.toReversed();
}
