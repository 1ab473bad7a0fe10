import { Board, pointAt, type Point, type Positions } from "./board.js";

/** What of a workspace decides its place. */
export interface Placeable extends Point {
  readonly id: string;
  readonly parentId: string | null;
}

/** Columns that trees are laid into before a next row is begun. */
const COLUMNS = 4;

type Children = ReadonlyMap<string, readonly string[]>;

/** Cells of a tree relative to its block's top left one; a parent may stand between two columns. */
interface Block {
  readonly cells: ReadonlyMap<string, Point>;
  readonly columns: number;
}

/**
 * Places every workspace: where the platform says, else where it was before, else on free cells of a grid, a tree as
 * one block with each parent above its children. (0, 0) is what the platform says of one that nobody placed.
 */
export function placeAll(workspaces: readonly Placeable[], before: Positions): Positions {
  const board = new Board();
  for (const { id, x, y } of workspaces) {
    const point = x !== 0 || y !== 0 ? { x, y } : before.get(id);
    if (point !== undefined) board.put(id, point);
  }
  reserveTrees(workspaces, board);
  const waiting = workspaces.filter(({ id }) => !board.placed.has(id));
  const waitingIds = new Set(waiting.map(({ id }) => id));
  const childrenOf = groupByParent(waiting);
  // Before this index no single card finds room any more: the board only fills.
  let firstSingle = 0;
  for (const { id, parentId } of waiting) {
    if (parentId !== null && waitingIds.has(parentId)) continue;
    const parent = parentId === null ? undefined : board.placed.get(parentId);
    const block = blockOf(id, childrenOf);
    if (parent !== undefined) {
      put(block, placeBelow(parent, block, board), board);
      continue;
    }
    const isSingle = block.cells.size === 1;
    const { origin, index } = placeOnGrid(block, board, isSingle ? firstSingle : 0);
    if (isSingle) firstSingle = index;
    put(block, origin, board);
    board.reserve(block.cells.keys());
  }
  return board.placed;
}

function put(block: Block, origin: Point, board: Board): void {
  for (const [id, cell] of block.cells) board.put(id, pointAt(origin, cell));
}

/** Keeps the trees that lie on the board together. */
function reserveTrees(workspaces: readonly Placeable[], board: Board): void {
  const placed = workspaces.filter(({ id }) => board.placed.has(id));
  const childrenOf = groupByParent(placed);
  for (const { id, parentId } of placed) {
    const isRoot = parentId === null || !board.placed.has(parentId);
    if (isRoot && childrenOf.has(id)) board.reserve(blockOf(id, childrenOf).cells.keys());
  }
}

function groupByParent(workspaces: readonly Placeable[]): Children {
  const groups = new Map<string, string[]>();
  for (const { id, parentId } of workspaces) {
    if (parentId === null) continue;
    const group = groups.get(parentId);
    if (group === undefined) groups.set(parentId, [id]);
    else group.push(id);
  }
  return groups;
}

function blockOf(id: string, childrenOf: Children): Block {
  const cells = new Map<string, Point>();
  let columns = 0;
  for (const child of childrenOf.get(id) ?? []) {
    const below = blockOf(child, childrenOf);
    for (const [inner, cell] of below.cells) cells.set(inner, { x: cell.x + columns, y: cell.y + 1 });
    columns += below.columns;
  }
  columns = Math.max(1, columns);
  cells.set(id, { x: (columns - 1) / 2, y: 0 });
  return { cells, columns };
}

/** The first place for a block, row by row from the top left. */
function placeOnGrid(block: Block, board: Board, from: number): { origin: Point; index: number } {
  const columns = Math.max(1, COLUMNS - block.columns + 1);
  for (let index = from; ; index += 1) {
    const origin = pointAt({ x: 0, y: 0 }, { x: index % columns, y: Math.floor(index / columns) });
    const isFree = fits(block, origin, (point) => board.isTaken(point) || board.isReserved(point));
    if (isFree) return { origin, index };
  }
}

/** The first place for a block in the row below a parent, to the right of it where it must be. */
function placeBelow(parent: Point, block: Block, board: Board): Point {
  for (let index = 0; ; index += 1) {
    const origin = pointAt(parent, { x: index, y: 1 });
    if (fits(block, origin, (point) => board.isTaken(point))) return origin;
  }
}

function fits(block: Block, origin: Point, isTaken: (point: Point) => boolean): boolean {
  for (const cell of block.cells.values()) if (isTaken(pointAt(origin, cell))) return false;
  return true;
}
