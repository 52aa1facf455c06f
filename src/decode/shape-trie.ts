import type { Shape } from '../core/json-tape.ts';

/**
 * One key after the keys of `parent`. The path from the root spells the keys of an object in order, without duplicates: that is
 * checked when a node is made, so an object that follows existing nodes needs no check.
 */
export interface ShapeNode {
  readonly parent: ShapeNode | undefined;
  readonly key: string;
  /**
   * The key's bytes as they are written without escapes, closing quote included. {@link UNKNOWN} until the key came a second time:
   * of hostile keys, most never do.
   */
  spelling: Uint8Array;
  /** Keys from the root to here. */
  readonly length: number;
  /** The key that came next most recently: the guess for the next object. */
  likely: ShapeNode | undefined;
  /** The first key of the object that stood most recently in the value of this key. */
  inner: ShapeNode | undefined;
  /** The first few that came next, to be recognised by their bytes. */
  few: ShapeNode[];
  /** All that came next, once there are more. */
  many: Map<string, ShapeNode> | undefined;
  shape: Shape | undefined;
  /** The tape that has the shape, by its number, and where in its shapes. */
  tape: number;
  slot: number;
}

/** The shapes of all objects seen so far, over all bodies; forgotten and begun anew when there are too many. */
export interface ShapeTrie {
  readonly root: ShapeNode;
  /** The node for `key` after `node`, if there is one. */
  find(node: ShapeNode, key: string): ShapeNode | undefined;
  /** Makes that node. The caller has checked that `key` is none of the keys before it. */
  add(node: ShapeNode, key: string): ShapeNode;
  /** The shape that ends at `node`; the same one each time. */
  shapeAt(node: ShapeNode): Shape;
  /** A number no tape has had. */
  nextTape(): number;
}

/** Objects with more keys are maps rather than records: their shape is their own. */
export const MOST_SHARED_KEYS = 1024;

/** Bytes of a key's spelling. An object with a longer key has a shape of its own. */
export const LONGEST_SHARED_KEY = 256;

/** Nodes that are recognised by their bytes rather than by their key. */
const FEW = 8;

/** Hostile bodies have new keys in every object: this bounds what is kept of them. */
const MOST_NODES = 20_000;

/** References in the key lists of shapes: objects that each have one key more than the one before would make them grow with the square. */
const MOST_LISTED_KEYS = 1_000_000;

/** The spelling of a key that is not to be recognised by its bytes. */
export const UNKNOWN = new Uint8Array(0);

const NONE: ShapeNode[] = [];

/** An empty trie. */
export function createShapeTrie(): ShapeTrie {
  let root = createNode(undefined, '');
  let nodes = 0;
  let listed = 0;
  let tapes = 0;
  /** Objects that are being read keep their old nodes, which nothing new leads to. */
  const startOver = (): void => {
    root = createNode(undefined, '');
    nodes = 0;
    listed = 0;
  };
  return {
    get root() {
      return root;
    },
    find(node, key) {
      if (node.many !== undefined) return node.many.get(key);
      return node.few.find((child) => child.key === key);
    },
    add(node, key) {
      nodes += 1;
      if (nodes > MOST_NODES) startOver();
      const child = createNode(node, key);
      if (node.few === NONE) node.few = [child];
      else if (node.few.length < FEW) node.few.push(child);
      else node.many ??= new Map(node.few.map((known) => [known.key, known]));
      node.many?.set(key, child);
      return child;
    },
    shapeAt(node) {
      if (node.shape === undefined) {
        node.shape = { keys: keysUpTo(node) };
        listed += node.length;
        if (listed > MOST_LISTED_KEYS) startOver();
      }
      return node.shape;
    },
    nextTape() {
      tapes += 1;
      return tapes;
    },
  };
}

function createNode(parent: ShapeNode | undefined, key: string): ShapeNode {
  const length = parent === undefined ? 0 : parent.length + 1;
  return {
    parent,
    key,
    spelling: UNKNOWN,
    length,
    likely: undefined,
    inner: undefined,
    few: NONE,
    many: undefined,
    shape: undefined,
    tape: 0,
    slot: 0,
  };
}

/** The keys from the root to `node`. */
export function keysUpTo(node: ShapeNode): string[] {
  const keys: string[] = [];
  for (let at = node; at.parent !== undefined; at = at.parent) keys.push(at.key);
  return keys.toReversed();
}
