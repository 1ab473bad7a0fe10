/** Top left corner of a card on the canvas, in pixels at zoom 1. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where each workspace's card lies, by workspace id. */
export type Positions = ReadonlyMap<string, Point>;

/** What of a workspace decides its place. */
export interface Placeable extends Point {
  readonly id: string;
  readonly parentId: string | null;
}

/** Size of a card. */
export const CARD = { width: 248, height: 92 } as const;

/** Distance of the grid's cells. */
const STEP = { x: CARD.width + 40, y: CARD.height + 64 } as const;
/** Columns that trees are laid into before a next row is begun. */
const COLUMNS = 4;

/** Cells of a tree relative to its block's top left one; the root may stand between two columns. */
interface Block {
  readonly cells: ReadonlyMap<string, Point>;
  readonly columns: number;
}

/**
 * Places every workspace: where the platform says, else where it was before, else on free cells of a grid, a tree as
 * one block with each parent above its children. (0, 0) is what the platform says of one that nobody placed.
 */
export function placeAll(workspaces: readonly Placeable[], before: Positions): Positions {
  const placed = new Map<string, Point>();
  for (const { id, x, y } of workspaces) {
    const point = x !== 0 || y !== 0 ? { x, y } : before.get(id);
    if (point !== undefined) placed.set(id, { x: point.x, y: point.y });
  }
  const waiting = workspaces.filter(({ id }) => !placed.has(id));
  const waitingIds = new Set(waiting.map(({ id }) => id));
  const childrenOf = groupByParent(waiting);
  const roots = waiting.filter(({ parentId }) => parentId === null || !waitingIds.has(parentId));
  for (const root of roots) {
    const parent = root.parentId === null ? undefined : placed.get(root.parentId);
    const block = blockOf(root.id, childrenOf);
    const origin = parent === undefined ? freeOnGrid(block, placed) : freeBelow(parent, block, placed);
    for (const [id, cell] of block.cells) placed.set(id, at(origin, cell));
  }
  return placed;
}

function groupByParent(workspaces: readonly Placeable[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const { id, parentId } of workspaces) {
    if (parentId === null) continue;
    const group = groups.get(parentId);
    if (group === undefined) groups.set(parentId, [id]);
    else group.push(id);
  }
  return groups;
}

function blockOf(id: string, childrenOf: ReadonlyMap<string, readonly string[]>): Block {
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

function freeOnGrid(block: Block, placed: Positions): Point {
  const lastColumn = Math.max(0, COLUMNS - block.columns);
  for (let row = 0; ; row += 1) {
    for (let column = 0; column <= lastColumn; column += 1) {
      const origin = at({ x: 0, y: 0 }, { x: column, y: row });
      if (isFree(origin, block, placed)) return origin;
    }
  }
}

function freeBelow(parent: Point, block: Block, placed: Positions): Point {
  for (let column = 0; ; column += 1) {
    const origin = at(parent, { x: column, y: 1 });
    if (isFree(origin, block, placed)) return origin;
  }
}

function isFree(origin: Point, block: Block, placed: Positions): boolean {
  for (const cell of block.cells.values()) {
    const point = at(origin, cell);
    for (const other of placed.values()) if (overlap(point, other)) return false;
  }
  return true;
}

function overlap(one: Point, other: Point): boolean {
  return Math.abs(one.x - other.x) < STEP.x && Math.abs(one.y - other.y) < STEP.y;
}

function at(origin: Point, cell: Point): Point {
  return { x: origin.x + cell.x * STEP.x, y: origin.y + cell.y * STEP.y };
}
