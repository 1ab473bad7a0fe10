/** A place on the canvas, in pixels at zoom 1; of a card, its top left corner. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where each workspace's card lies, by workspace id. */
export type Positions = ReadonlyMap<string, Point>;

/** Size of a card. */
export const CARD = { width: 248, height: 92 } as const;

/** Distance of the grid's cells. */
const STEP = { x: CARD.width + 40, y: CARD.height + 64 } as const;

/** The point that lies so many cells to the right of and below another. */
export function pointAt(origin: Point, cell: Point): Point {
  return { x: origin.x + cell.x * STEP.x, y: origin.y + cell.y * STEP.y };
}

/** Where cards lie on the canvas, and where there is room for more. */
export class Board {
  readonly #placed = new Map<string, Point>();
  readonly #cards = new CellIndex();
  readonly #reserved = new CellIndex();

  /** What lies on it. */
  get placed(): Positions {
    return this.#placed;
  }

  put(id: string, point: Point): void {
    this.#placed.set(id, point);
    this.#cards.add(point);
  }

  /** Keeps the rectangle around these cards for them: what lies between a tree's branches looks like part of it. */
  reserve(ids: Iterable<string>): void {
    const points = [...ids].map((id) => this.#placed.get(id)).filter((point) => point !== undefined);
    const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
    const [right, bottom] = [Math.max(...xs), Math.max(...ys)];
    for (let x = Math.min(...xs); x <= right; x += STEP.x) {
      for (let y = Math.min(...ys); y <= bottom; y += STEP.y) this.#reserved.add({ x, y });
    }
  }

  /** Whether a card there would lie on another, or nearer to it than the grid has it. */
  isTaken(point: Point): boolean {
    return this.#cards.hasNear(point);
  }

  /** Whether a card there would lie in what is kept for others. */
  isReserved(point: Point): boolean {
    return this.#reserved.hasNear(point);
  }
}

/** Points by the cell that they lie in: what is nearer to a point than a cell is large lies in a cell next to its. */
class CellIndex {
  readonly #cells = new Map<number, Point[]>();

  add(point: Point): void {
    const key = cellKey(Math.floor(point.x / STEP.x), Math.floor(point.y / STEP.y));
    const cell = this.#cells.get(key);
    if (cell === undefined) this.#cells.set(key, [point]);
    else cell.push(point);
  }

  hasNear(point: Point): boolean {
    const [column, row] = [Math.floor(point.x / STEP.x), Math.floor(point.y / STEP.y)];
    for (let dx = -1; dx <= 1; dx += 1) {
      for (let dy = -1; dy <= 1; dy += 1) {
        const others = this.#cells.get(cellKey(column + dx, row + dy));
        if (others?.some((other) => isNear(point, other)) === true) return true;
      }
    }
    return false;
  }
}

function isNear(one: Point, other: Point): boolean {
  return Math.abs(one.x - other.x) < STEP.x && Math.abs(one.y - other.y) < STEP.y;
}

/** One number for a cell: a text as key costs several times as much, for each of a thousand cards. */
function cellKey(column: number, row: number): number {
  return column * 0x1000000 + row;
}
